import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { describeWriteError } from '../disk/write-failure.js';
import { findFiles, isLeftOver, listKeys, type FoundFile } from './found-files.js';
import { UseTimes } from './use-times.js';

/** How much was removed so far: also of a removal that does not end. */
export interface RemovedCounts {
  images: number;
  bytes: number;
}

/**
 * Brings a folder of features to a size: when it has more than `maxBytes`, the least recently used files go until
 * `leastBytes` or a little less are left. Only files of ours are counted and removed. What killed processes left half
 * written goes in any case. Two processes that do this at once choose the same files.
 *
 * @throws Error for a file that cannot be removed, after all others
 */
export async function removeLeastRecentlyUsed(
  folder: string,
  { maxBytes, leastBytes, removed }: { maxBytes: number; leastBytes: number; removed: RemovedCounts },
): Promise<void> {
  const times = new UseTimes();
  const failures: string[] = [];
  const remove = async (file: FoundFile) => {
    const { freedBytes, problem } = await removeFile(file);
    if (problem !== undefined) failures.push(`${printable(file.path)} cannot be removed: ${problem}`);
    return freedBytes;
  };
  for await (const file of findAll(folder)) {
    if (isLeftOver(file)) await remove(file);
    else times.add(file.usedMs, file.sizeBytes);
  }
  const excess = times.bytes <= maxBytes ? 0 : times.bytes - leastBytes;
  const lastMs = times.findLast(excess);
  let freed = 0;
  for await (const file of findAll(folder)) {
    if (freed >= excess) break;
    if (file.sha256 === undefined || Math.floor(file.usedMs) > lastMs) continue;
    const bytes = await remove(file);
    if (bytes === 0) continue;
    freed += bytes;
    removed.images++;
    removed.bytes += bytes;
  }
  if (failures.length > 0) throw new Error(failures[0]);
}

/** What removing a file came to. */
export interface Removal {
  readonly freedBytes: number;
  readonly problem?: string; // why it is still there, to follow its path and a colon
}

/** Removes a file that another process may have removed meanwhile. Never fails. */
export async function removeFile({ path, sizeBytes }: Pick<FoundFile, 'path' | 'sizeBytes'>): Promise<Removal> {
  try {
    await unlink(path);
    return { freedBytes: sizeBytes };
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return { freedBytes: 0 };
    return { freedBytes: 0, problem: describeWriteError(error) };
  }
}

async function* findAll(folder: string): AsyncGenerator<FoundFile> {
  for (const key of await listKeys(folder)) {
    for await (const files of findFiles(join(folder, key))) yield* files;
  }
}
