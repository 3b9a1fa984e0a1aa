import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../disk/regular-file.js';

const ORIENTATION = 0x0112;
const MAX_ENTRIES = 512; // of a directory; it has some dozens
const MAX_CHUNKS = 100_000;

/**
 * The EXIF orientation of a PNG, WebP or TIFF file, of which only headers of chunks and the tags are read. 1 (upright)
 * where there is none, or it cannot be read.
 *
 * @param type - `png`, `webp` or `tiff`.
 * @see https://www.w3.org/TR/png-3/#eXIf and https://developers.google.com/speed/webp/docs/riff_container
 */
export async function readExifOrientation(path: string, type: string): Promise<number> {
  try {
    await using file = await openRegularFile(path);
    const start = type === 'png' ? await findPngExif(file) : type === 'webp' ? await findWebpExif(file) : 0;
    return start === undefined ? 1 : await readOrientation(file, start);
  } catch {
    return 1;
  }
}

async function findPngExif(file: FileHandle): Promise<number | undefined> {
  for (let at = 8, chunks = 0; chunks < MAX_CHUNKS; chunks++) {
    const header = await readAt(file, at, 8);
    const type = header.toString('latin1', 4, 8);
    if (type === 'eXIf') return at + 8;
    if (type === 'IEND') return undefined;
    at += 12 + header.readUInt32BE(0);
  }
  return undefined;
}

async function findWebpExif(file: FileHandle): Promise<number | undefined> {
  for (let at = 12, chunks = 0; chunks < MAX_CHUNKS; chunks++) {
    const header = await readAt(file, at, 8);
    const size = header.readUInt32LE(4);
    if (header.toString('latin1', 0, 4) === 'EXIF') {
      const isPrefixed = (await readAt(file, at + 8, 6)).toString('latin1') === 'Exif\0\0';
      return at + 8 + (isPrefixed ? 6 : 0);
    }
    at += 8 + size + (size % 2);
  }
  return undefined;
}

/** @param start - Of the TIFF structure that EXIF is. */
async function readOrientation(file: FileHandle, start: number): Promise<number> {
  const header = await readAt(file, start, 8);
  const isLittle = header.toString('latin1', 0, 2) === 'II';
  const short = (bytes: Buffer, at: number) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const directory = start + (isLittle ? header.readUInt32LE(4) : header.readUInt32BE(4));
  const count = Math.min(short(await readAt(file, directory, 2), 0), MAX_ENTRIES);
  const entries = await readAt(file, directory + 2, 12 * count);
  for (let at = 0; at < entries.length; at += 12) {
    const value = short(entries, at + 8);
    if (short(entries, at) === ORIENTATION && value >= 1 && value <= 8) return value;
  }
  return 1;
}

/** @throws RangeError where the file ends before. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new RangeError('the file ends here');
  return buffer;
}
