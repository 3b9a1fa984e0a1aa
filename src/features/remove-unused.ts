import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { findFiles, isLeftOver, listKeys, type FoundFile } from './found-files.js';

/** Times of last use are compared by the minute: of a million images, there are some thousands of different ones. */
const MINUTE_MS = 60_000;

/**
 * Brings a folder of features to a size: when it has more than `maxBytes`, the least recently used files go until
 * `leastBytes` or less are left. Only files of ours are counted and removed. What processes that were killed left half
 * written goes in any case. Two processes that do this at once choose the same files.
 */
export async function removeLeastRecentlyUsed(
  folder: string,
  { maxBytes, leastBytes }: { maxBytes: number; leastBytes: number },
): Promise<void> {
  const bytesAt = new Map<number, number>(); // by minute of last use: memory stays small
  let bytes = 0;
  for await (const files of findAll(folder)) {
    for (const file of files) {
      if (isLeftOver(file)) {
        await removeFile(file);
        continue;
      }
      bytes += file.sizeBytes;
      const minute = minuteOf(file);
      bytesAt.set(minute, (bytesAt.get(minute) ?? 0) + file.sizeBytes);
    }
  }
  if (bytes <= maxBytes) return;
  let excess = bytes - leastBytes;
  let last = -Infinity; // minute, of which a part goes
  let inLast = 0; // bytes of it that go
  for (const [minute, size] of [...bytesAt].sort(([a], [b]) => a - b)) {
    if (excess <= 0) break;
    [last, inLast] = [minute, excess];
    excess -= size;
  }
  await removeUpTo(folder, last, inLast);
}

/** Removes all files that were last used before a minute, and of that minute as many as have so many bytes. */
async function removeUpTo(folder: string, last: number, inLast: number): Promise<void> {
  let left = inLast;
  for await (const files of findAll(folder)) {
    for (const file of files) {
      const minute = minuteOf(file);
      if (file.sha256 === undefined || minute > last || (minute === last && left <= 0)) continue;
      if (minute === last) left -= file.sizeBytes;
      await removeFile(file);
    }
  }
}

/** Removes a file that another process may have removed meanwhile. @returns the bytes that are free now */
export async function removeFile({ path, sizeBytes }: FoundFile): Promise<number> {
  try {
    await unlink(path);
    return sizeBytes;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

async function* findAll(folder: string): AsyncGenerator<FoundFile[]> {
  for (const key of await listKeys(folder)) yield* findFiles(join(folder, key));
}

function minuteOf({ usedMs }: FoundFile): number {
  return Math.floor(usedMs / MINUTE_MS);
}
