import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { systemCodeOf } from '../core/errors.js';

const POLL_MS = 20;

/** Nothing came from a pipe or a terminal for too long. */
export class ReadTimeout extends Error {
  constructor(waitMs: number) {
    super(`nothing was written to it for ${waitMs / 1000} s`);
    this.name = 'ReadTimeout';
  }
}

/**
 * Reads a file, or a pipe such as the `<(command)` of a shell, and at most one byte more than the limit.
 *
 * @param waitMs - How long a pipe may give nothing: opening one without a writer would never end.
 * @throws ReadTimeout; errors of the file system as they are.
 */
export async function readAtMost(
  path: string,
  { limitBytes, waitMs }: { limitBytes: number; waitMs: number },
): Promise<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const isPipe = (await file.stat()).isFIFO();
  const buffer = new Uint8Array(limitBytes + 1);
  let size = 0;
  let lastMs = performance.now();
  while (size < buffer.length) {
    const count = await readSome(file, buffer.subarray(size));
    if (count === 0 && !(isPipe && size === 0)) break; // an empty pipe may not have its writer yet
    if (count !== undefined && count > 0) {
      size += count;
      lastMs = performance.now();
    } else if (performance.now() - lastMs > waitMs) throw new ReadTimeout(waitMs);
    else await setTimeout(POLL_MS);
  }
  return buffer.subarray(0, size);
}

/** @returns undefined when there is nothing to read yet. */
async function readSome(file: FileHandle, target: Uint8Array): Promise<number | undefined> {
  try {
    return (await file.read(target, 0, target.length)).bytesRead;
  } catch (error) {
    if (systemCodeOf(error) === 'EAGAIN') return undefined;
    throw error;
  }
}
