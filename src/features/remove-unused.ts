import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { findFiles, isLeftOver, listKeys, type FoundFile } from './found-files.js';
import { UseTimes } from './use-times.js';

/**
 * Brings a folder of features to a size: when it has more than `maxBytes`, the least recently used files go until
 * `leastBytes` or a little less are left. Only files of ours are counted and removed. What killed processes left half
 * written goes in any case. Two processes that do this at once choose the same files.
 */
export async function removeLeastRecentlyUsed(
  folder: string,
  { maxBytes, leastBytes }: { maxBytes: number; leastBytes: number },
): Promise<void> {
  const times = new UseTimes();
  for await (const file of findAll(folder)) {
    if (isLeftOver(file)) await removeFile(file);
    else times.add(file.usedMs, file.sizeBytes);
  }
  if (times.bytes <= maxBytes) return;
  const excess = times.bytes - leastBytes;
  const lastMs = times.findLast(excess);
  let removed = 0;
  for await (const file of findAll(folder)) {
    if (file.sha256 === undefined || Math.floor(file.usedMs) > lastMs) continue;
    removed += await removeFile(file);
    if (removed >= excess) return;
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

async function* findAll(folder: string): AsyncGenerator<FoundFile> {
  for (const key of await listKeys(folder)) {
    for await (const files of findFiles(join(folder, key))) yield* files;
  }
}
