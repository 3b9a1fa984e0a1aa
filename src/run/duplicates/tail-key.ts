import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, statSync, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { callFile } from '../../disk/calls/call-file.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { keyOf } from './hash-keys.js';

const TAIL_BYTES = 4096;
const buffer = Buffer.alloc(TAIL_BYTES); // of calls that are waited for

/** @returns undefined for what is no file, or cannot be looked at. */
export async function sizeOfFile(path: string): Promise<number | undefined> {
  try {
    const stats: Stats = await callFile({ now: () => statSync(path), later: () => stat(path) });
    return stats.isFile() ? stats.size : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A key of the end of a file. Compressed images of different pixels end differently, so a few microseconds save
 * hashing them whole.
 *
 * @returns undefined where the file cannot be read, or is not as long as it was.
 */
export async function readTailKey(path: string, sizeBytes: number): Promise<number | undefined> {
  const length = Math.min(TAIL_BYTES, sizeBytes);
  const at = { length, position: sizeBytes - length };
  try {
    return await callFile({ now: () => readNow(path, at), later: () => readLater(path, at) });
  } catch {
    return undefined; // the worker that reads the image reports the error
  }
}

interface Part {
  readonly length: number;
  readonly position: number;
}

function readNow(path: string, { length, position }: Part): number | undefined {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return readSync(file, buffer, 0, length, position) === length ? toKey(buffer, length, position) : undefined;
  } finally {
    closeSync(file);
  }
}

async function readLater(path: string, { length, position }: Part): Promise<number | undefined> {
  await using file = await openRegularFile(path);
  const own = Buffer.alloc(length);
  const { bytesRead } = await file.read(own, 0, length, position);
  return bytesRead === length ? toKey(own, length, position) : undefined;
}

/** Files of different sizes may end alike. */
function toKey(bytes: Buffer, length: number, position: number): number {
  const hash = createHash('sha256').update(bytes.subarray(0, length)).update(String(position));
  return keyOf(hash.digest('hex'));
}
