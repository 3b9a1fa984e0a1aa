import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';
import { PreannotateError } from '../core/errors.js';
import type { ContentStamp } from '../core/image.js';
import { printable } from '../core/text.js';
import type { ReadBuffers } from '../disk/calls/read-buffers.js';
import { describeReadError } from '../disk/readable-file.js';

// Opening a FIFO without O_NONBLOCK blocks until it has a writer. Windows has no such flag: undefined counts as 0.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** The bytes of an image file, and what they are. */
type ReadImage = { readonly bytes: Buffer } & ContentStamp;

/**
 * Reads a whole image file.
 *
 * @param maxBytes - A larger file is refused before it is read.
 * @returns The bytes with their size, time and hash. They are never a mixture of two versions of the file: one that
 *   changes while it is being read is refused.
 * @throws PreannotateError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readImage(path: string, maxBytes: number): Promise<ReadImage> {
  try {
    await using file = await open(path, FLAGS);
    const before = await file.stat();
    requireImageFile(before, path, maxBytes);
    const bytes = Buffer.allocUnsafe(before.size);
    let length = 0;
    while (length < bytes.length) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return describeRead({ bytes, length, before, after: await file.stat() }, path);
  } catch (error) {
    throw toReadError(error, path);
  }
}

/** The same at once, for files that take less time than asking another thread for them, in a buffer of `buffers`. */
export function readImageNow(path: string, maxBytes: number, buffers: ReadBuffers): ReadImage {
  let file: number | undefined;
  try {
    file = openSync(path, FLAGS);
    const before = fstatSync(file);
    requireImageFile(before, path, maxBytes);
    const bytes = buffers.take(before.size);
    let length = 0;
    while (length < bytes.length) {
      const bytesRead = readSync(file, bytes, length, bytes.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return describeRead({ bytes, length, before, after: fstatSync(file) }, path);
  } catch (error) {
    throw toReadError(error, path);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function requireImageFile(stats: Stats, path: string, maxBytes: number): void {
  if (stats.isDirectory()) throw unreadableError(path, 'it is a folder (EISDIR)');
  if (!stats.isFile()) throw unreadableError(path, 'it is not a regular file');
  if (stats.size > maxBytes) {
    throw new PreannotateError({
      code: 'IMAGE_TOO_LARGE',
      message: `${printable(path)} has ${stats.size} bytes, more than the ${maxBytes} allowed.`,
      hint: 'If this really is an image, raise --max-bytes.',
    });
  }
}

/** @param read - What was read, and the state of the file before and after. */
function describeRead(read: { bytes: Buffer; length: number; before: Stats; after: Stats }, path: string): ReadImage {
  const { bytes, length, before, after } = read;
  if (length !== before.size || length !== after.size || after.mtimeMs !== before.mtimeMs) {
    throw unreadableError(path, 'it changed while it was being read');
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, sizeBytes: length, modifiedMs: Math.floor(before.mtimeMs), sha256 };
}

function toReadError(error: unknown, path: string): PreannotateError {
  return error instanceof PreannotateError ? error : unreadableError(path, describeReadError(error), error);
}

function unreadableError(path: string, reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'IMAGE_UNREADABLE',
      message: `${printable(path)} cannot be read: ${reason}.`,
      hint: 'Fix this and run the same command again: it retries failed images.',
    },
    cause,
  );
}
