import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../disk/regular-file.js';

const ORIENTATION = 0x0112;
const MAX_ENTRIES = 512; // of a directory; it has some dozens
const MAX_CHUNKS = 100_000;

/** Reads a part of an image. @throws RangeError where the image ends before. */
type ReadAt = (position: number, length: number) => Promise<Buffer>;

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
    return await findOrientation((position, length) => readFileAt(file, position, length), type);
  } catch {
    return 1;
  }
}

/** The same, of an image in memory. */
export async function readExifOrientationOf(bytes: Uint8Array, type: string): Promise<number> {
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readAt: ReadAt = (position, length) => {
    const part = whole.subarray(position, position + length);
    return part.length < length ? Promise.reject(endError()) : Promise.resolve(part);
  };
  return await findOrientation(readAt, type).catch(() => 1);
}

async function findOrientation(readAt: ReadAt, type: string): Promise<number> {
  const start = type === 'png' ? await findPngExif(readAt) : type === 'webp' ? await findWebpExif(readAt) : 0;
  return start === undefined ? 1 : await readOrientation(readAt, start);
}

async function findPngExif(readAt: ReadAt): Promise<number | undefined> {
  for (let at = 8, chunks = 0; chunks < MAX_CHUNKS; chunks++) {
    const header = await readAt(at, 8);
    const type = header.toString('latin1', 4, 8);
    if (type === 'eXIf') return at + 8;
    if (type === 'IEND') return undefined;
    at += 12 + header.readUInt32BE(0);
  }
  return undefined;
}

async function findWebpExif(readAt: ReadAt): Promise<number | undefined> {
  for (let at = 12, chunks = 0; chunks < MAX_CHUNKS; chunks++) {
    const header = await readAt(at, 8);
    const size = header.readUInt32LE(4);
    if (header.toString('latin1', 0, 4) === 'EXIF') {
      const isPrefixed = (await readAt(at + 8, 6)).toString('latin1') === 'Exif\0\0';
      return at + 8 + (isPrefixed ? 6 : 0);
    }
    at += 8 + size + (size % 2);
  }
  return undefined;
}

/** @param start - Of the TIFF structure that EXIF is. */
async function readOrientation(readAt: ReadAt, start: number): Promise<number> {
  const header = await readAt(start, 8);
  const isLittle = header.toString('latin1', 0, 2) === 'II';
  const short = (bytes: Buffer, at: number) => (isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const directory = start + (isLittle ? header.readUInt32LE(4) : header.readUInt32BE(4));
  const count = Math.min(short(await readAt(directory, 2), 0), MAX_ENTRIES);
  const entries = await readAt(directory + 2, 12 * count);
  for (let at = 0; at < entries.length; at += 12) {
    const value = short(entries, at + 8);
    if (short(entries, at) === ORIENTATION && value >= 1 && value <= 8) return value;
  }
  return 1;
}

async function readFileAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw endError();
  return buffer;
}

function endError(): RangeError {
  return new RangeError('the image ends here');
}
