import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PreannotateError } from '../core/errors.js';
import type { ContentStamp } from '../core/image.js';
import { printable } from '../core/text.js';
import { describeReadError } from '../disk/readable-file.js';

// Opening a FIFO without O_NONBLOCK blocks until it has a writer. Windows has no such flag: undefined counts as 0.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/**
 * Reads a whole image file.
 *
 * @param maxBytes - A larger file is refused before it is read.
 * @returns The bytes with their size, time and hash. They are never a mixture of two versions of the file: one that
 *   changes while it is being read is refused.
 * @throws PreannotateError IMAGE_UNREADABLE, IMAGE_TOO_LARGE
 */
export async function readImage(path: string, maxBytes: number): Promise<{ bytes: Buffer } & ContentStamp> {
  try {
    await using file = await open(path, FLAGS);
    return await readWhole(file, path, maxBytes);
  } catch (error) {
    if (error instanceof PreannotateError) throw error;
    throw unreadableError(path, describeReadError(error), error);
  }
}

async function readWhole(file: FileHandle, path: string, maxBytes: number) {
  const before = await file.stat();
  if (before.isDirectory()) throw unreadableError(path, 'it is a folder (EISDIR)');
  if (!before.isFile()) throw unreadableError(path, 'it is not a regular file');
  if (before.size > maxBytes) {
    throw new PreannotateError({
      code: 'IMAGE_TOO_LARGE',
      message: `${printable(path)} has ${before.size} bytes, more than the ${maxBytes} allowed.`,
      hint: 'If this really is an image, raise --max-bytes.',
    });
  }
  const bytes = Buffer.allocUnsafe(before.size);
  let length = 0;
  while (length < bytes.length) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  const after = await file.stat();
  if (length !== before.size || length !== after.size || after.mtimeMs !== before.mtimeMs) {
    throw unreadableError(path, 'it changed while it was being read');
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { bytes, sizeBytes: length, modifiedMs: Math.floor(before.mtimeMs), sha256 };
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
