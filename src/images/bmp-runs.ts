/** Where an indexed picture lies in a file, and how large it is. */
interface Runs {
  readonly at: number; // of the first byte
  readonly width: number; // pixels
  readonly height: number;
  readonly bits: number; // a pixel: 8 or 4
}

/** Most pixels that a byte of run-length code can stand for: a run is two bytes and 255 pixels long. */
const PIXELS_PER_BYTE = 128;

/**
 * Undoes the run-length encoding of bitmaps (BI_RLE8, BI_RLE4). Pixels that the code passes over have index 0; what runs
 * over the edge is dropped, as other readers do.
 *
 * @returns One palette index a byte, `[height, width]`, rows in the order of the file.
 * @throws RangeError when the code ends early, or cannot stand for so many pixels.
 * @see Microsoft, "Bitmap Compression".
 */
export function expandRuns(bytes: Uint8Array, { at, width, height, bits }: Runs): Uint8Array {
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
      if ((position - start) % 2 === 1) position++; // pixels one by one fill whole words
    }
  }
  return indices;
}

/** The pixel that a byte gives at a place of a run: four bits take turns, the high ones first. */
function indexIn(byte: number, place: number, bits: number): number {
  if (bits === 8) return byte;
  return place % 2 === 0 ? byte >> 4 : byte & 15;
}
