import { lstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { messageOf, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { openRegularFile } from './regular-file.js';

/** A file that cannot be read, and why. */
export class UnreadableFileError extends Error {
  readonly path: string;
  readonly reason: string; // to follow the path and a colon
  readonly code: string | undefined; // of the system

  constructor(path: string, reason: string, cause?: unknown) {
    super(`${printable(path)}: ${reason}`, { cause });
    this.path = path;
    this.reason = reason;
    this.code = systemCodeOf(cause);
  }
}

/** Opens a regular file for reading. @throws UnreadableFileError */
export async function openReadableFile(path: string): Promise<FileHandle> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    throw new UnreadableFileError(path, describeReadError(error), error);
  }
}

/** Reads a whole file of at most so many bytes. @throws UnreadableFileError */
export async function readWholeFile(path: string, maxBytes: number): Promise<Buffer> {
  await using file = await openReadableFile(path);
  await requireSize(file, path, maxBytes);
  try {
    return await file.readFile();
  } catch (error) {
    throw new UnreadableFileError(path, describeReadError(error), error);
  }
}

/** Checks that a file can be read and has at most so many bytes. @throws UnreadableFileError */
export async function requireReadableFile(path: string, maxBytes = Infinity): Promise<void> {
  await using file = await openReadableFile(path);
  await requireSize(file, path, maxBytes);
}

async function requireSize(file: FileHandle, path: string, maxBytes: number): Promise<void> {
  const { size } = await file.stat();
  if (size > maxBytes) throw new UnreadableFileError(path, `it has ${size} bytes, more than the ${maxBytes} allowed`);
}

/** Whether a folder has an entry of this name, be it a link that leads nowhere. */
export function hasEntry(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return systemCodeOf(error) !== 'ENOTDIR'; // opening it says what is wrong
  }
}

/** Why a file cannot be opened or read. */
export function describeReadError(error: unknown): string {
  if (error instanceof UnreadableFileError) return error.reason;
  return REASONS[systemCodeOf(error) ?? ''] ?? printable(messageOf(error));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (ENOENT), or it is a link to a missing one',
  EACCES: 'permission denied (EACCES)',
  EPERM: 'permission denied (EPERM)',
  ENOTDIR: 'a part of its path is a file, not a folder (ENOTDIR)',
  EISDIR: 'it is a folder (EISDIR)',
  ELOOP: 'it is a link that leads back to itself (ELOOP)',
  ENXIO: 'it is a socket or device, not a file (ENXIO)',
  ENAMETOOLONG: 'its path is too long for the file system (ENAMETOOLONG)',
  EMFILE: 'too many files are open (EMFILE); raise the limit with `ulimit -n`',
  EIO: 'the disk reports an error (EIO)',
  ERR_INVALID_ARG_VALUE: 'its name contains a NUL character',
};
