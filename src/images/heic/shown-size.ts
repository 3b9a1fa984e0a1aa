import type { Size } from '../../core/box.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { readHeifItems, type HeifBox } from './heif-items.js';

const HEADER_BYTES = 64 * 1024; // a photo of 48 tiles takes 4 KB

/**
 * The size of the picture that a HEIC or AVIF file is made to show, as its header has it cropped and turned.
 *
 * @returns undefined where the start of the file does not tell
 * @throws Error where it crops the picture to a size that it cannot have: no decoder shows the picture
 */
export async function readShownSize(path: string): Promise<Size | undefined> {
  await using file = await openRegularFile(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
  const { primary, properties } = readHeifItems(buffer.subarray(0, bytesRead)) ?? {};
  if (primary === undefined) return undefined;
  let size: Size | undefined;
  for (const property of properties?.get(primary) ?? []) size = apply(property, size);
  return size;
}

function apply({ type, body }: HeifBox, size: Size | undefined): Size | undefined {
  if (type === 'ispe' && body.length >= 12) return { width: body.readUInt32BE(4), height: body.readUInt32BE(8) };
  if (size === undefined) return undefined;
  if (type === 'irot' && body.length > 0 && body[0]! % 2 === 1) return { width: size.height, height: size.width };
  if (type === 'clap' && body.length >= 16) return cropped(size, body);
  return size;
}

/** Width and height are fractions of 32-bit numbers, and within the picture. */
function cropped(size: Size, body: Buffer): Size {
  const rounded = (at: number) => Math.round(body.readUInt32BE(at) / body.readUInt32BE(at + 4));
  const [width, height] = [rounded(0), rounded(8)];
  const fits = (side: number, whole: number) => side >= 1 && side <= whole; // not NaN, after a division by zero
  if (fits(width, size.width) && fits(height, size.height)) return { width, height };
  throw new Error(`a picture of ${size.width} x ${size.height} cannot be cropped to ${width} x ${height}`);
}
