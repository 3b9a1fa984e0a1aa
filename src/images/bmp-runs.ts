/** Where the run-length code of an indexed image is in a file, and the size of the image. */
interface Runs {
  readonly at: number; // of the first byte
  readonly width: number; // pixels
  readonly height: number;
  readonly bits: number; // per pixel: 8 or 4
}

/** Upper bound on pixels per byte of run-length code: a run takes two bytes and has at most 255 pixels. */
const PIXELS_PER_BYTE = 128;

/**
 * Decodes the run-length encoding of bitmaps (BI_RLE8, BI_RLE4). Skipped pixels have index 0; pixels beyond the edge
 * are dropped, as in other readers.
 *
 * @returns One palette index per byte, `[height, width]`, rows in the order of the file.
 * @throws RangeError when the code ends early, or is too short for that many pixels.
 * @see Microsoft, "Bitmap Compression".
 */
export function expandRunLengths(bytes: Uint8Array, { at, width, height, bits }: Runs): Uint8Array {
  if (width * height > (bytes.length - at) * PIXELS_PER_BYTE) throw new RangeError('it is cut short');
  const indices = new Uint8Array(width * height);
  let [position, x, y] = [at, 0, 0];
  const next = () => {
    if (position >= bytes.length) throw new RangeError('it is cut short');
    return bytes[position++]!;
  };
  const put = (index: number) => {
    if (x < width) indices[y * width + x] = index;
    x++;
  };
  while (y < height) {
    const count = next();
    const value = next();
    if (count > 0) for (let i = 0; i < count; i++) put(indexIn(value, i, bits));
    else if (value === 0) [x, y] = [0, y + 1];
    else if (value === 1) break;
    else if (value === 2) [x, y] = [x + next(), y + next()];
    else {
      const start = position;
      for (let i = 0, byte = 0; i < value; i++)
        put(indexIn((byte = bits === 8 || i % 2 === 0 ? next() : byte), i, bits));
      if ((position - start) % 2 === 1) position++; // uncompressed pixels are padded to 16-bit words
    }
  }
  return indices;
}

/** The palette index at a place in a run; with four bits per pixel, the high half of a byte comes first. */
function indexIn(byte: number, place: number, bits: number): number {
  if (bits === 8) return byte;
  return place % 2 === 0 ? byte >> 4 : byte & 15;
}
