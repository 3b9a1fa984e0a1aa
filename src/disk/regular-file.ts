import { constants, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

const MEBIBYTE = 1 << 20;

/** Thrown for what has the name of a file and cannot be read as one. */
export class NotAFile extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NotAFile';
  }
}

/**
 * Opens a file for reading, and nothing else: a named pipe would wait for its writer, and a device may never end.
 *
 * @throws NotAFile; errors of the file system as they are.
 */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new NotAFile(`it is ${kindOf(stats)}, not a file`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Reads a text file. @throws NotAFile when it is none, or larger than `limitBytes` */
export async function readTextFile(path: string, limitBytes: number): Promise<string> {
  await using file = await openRegularFile(path);
  const { size } = await file.stat();
  if (size > limitBytes) throw new NotAFile(`it is larger than ${limitBytes / MEBIBYTE} MiB`);
  return await file.readFile('utf8');
}

/** For messages. */
export function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a named pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}
