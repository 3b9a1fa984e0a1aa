import type { Size } from '../../core/box.js';
import { openRegularFile } from '../../disk/regular-file.js';
import { readHeifItems, type HeifBox } from './heif-items.js';

const HEADER_BYTES = 64 * 1024; // a photo of 48 tiles takes 4 KB

/**
 * The size of the picture that a HEIC or AVIF file is made to show, as its header has it cropped and turned.
 *
 * @returns undefined where the start of the file does not tell
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
  if (type === 'irot') return body[0]! % 2 === 0 ? size : { width: size.height, height: size.width };
  if (type !== 'clap' || body.length < 16) return size;
  const rounded = (at: number) => Math.round(body.readUInt32BE(at) / body.readUInt32BE(at + 4)); // a fraction
  return { width: rounded(0), height: rounded(8) };
}
