import { closeSync, constants, fstatSync, futimesSync, mkdirSync, openSync, readSync } from 'node:fs';
import { renameSync, rmSync, writevSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import type { ReadBuffers } from '../disk/calls/read-buffers.js';
import { MAX_FEATURE_BYTES } from './image-features.js';

// Opening a FIFO without O_NONBLOCK blocks until it has a writer. Windows has no such flag: undefined counts as 0.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

const MAX_BYTES = MAX_FEATURE_BYTES + 1_000_000; // with the header

/** Notes that a file was used. @param usedMs - When it was used before. @param setTimes - To the time now. */
type NoteUse = (usedMs: number, setTimes: () => unknown) => void;

/** A whole file, in a buffer of `buffers`; undefined when there is none. @throws errors of the system */
export function readFileNow(path: string, noteUse: NoteUse | undefined, buffers: ReadBuffers): Buffer | undefined {
  const file = openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const stats = fstatSync(file);
    const bytes = buffers.take(sizeToRead(stats));
    let length = 0;
    while (length < bytes.length) {
      const count = readSync(file, bytes, length, bytes.length - length, length);
      if (count === 0) break;
      length += count;
    }
    noteUse?.(stats.mtimeMs, () => futimesSync(file, new Date(), new Date()));
    return bytes.subarray(0, length);
  } finally {
    closeSync(file);
  }
}

/** The same in a buffer of its own, without keeping this thread waiting. */
export async function readFileLater(path: string, noteUse: NoteUse | undefined): Promise<Buffer | undefined> {
  const file = await open(path, FLAGS).catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const stats = await file.stat();
    const bytes = Buffer.allocUnsafeSlow(sizeToRead(stats));
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    noteUse?.(stats.mtimeMs, () => futimesSync(file.fd, new Date(), new Date()));
    return bytes.subarray(0, length);
  } finally {
    await file.close();
  }
}

/**
 * Writes a file beside its place, then renames it. It is not put onto the disk at once, which would cost more than
 * encoding a small image: what a power cut leaves of it has another checksum, and is written again.
 *
 * @param temporary - In the same folder; it is made unless it is there.
 * @throws errors of the system
 */
export function writeFileNow(path: string, temporary: string, parts: readonly Uint8Array[]): void {
  try {
    writeParts(temporary, parts);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function writeParts(path: string, parts: readonly Uint8Array[]): void {
  const file = openNew(path);
  try {
    let left = parts.filter(({ length }) => length > 0);
    while (left.length > 0) left = dropWritten(left, writevSync(file, left));
  } finally {
    closeSync(file);
  }
}

function openNew(path: string): number {
  try {
    return openSync(path, 'wx');
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    makeShardFolder(dirname(path));
    return openSync(path, 'wx');
  }
}

/** Not the folders above it: those are missing only where the store was removed. */
function makeShardFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error; // else another process made it
  }
}

function dropWritten(parts: readonly Uint8Array[], written: number): Uint8Array[] {
  const left = [...parts];
  let count = written;
  while (left.length > 0 && count >= left[0]!.length) count -= left.shift()!.length;
  if (count > 0) left[0] = left[0]!.subarray(count);
  return left;
}

function sizeToRead(stats: Stats): number {
  if (!stats.isFile()) throw new Error('it is not a regular file');
  if (stats.size > MAX_BYTES) throw new Error(`it has ${stats.size} bytes`);
  return stats.size;
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, FLAGS);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
