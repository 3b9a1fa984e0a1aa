import type { DecodedImage } from '../decoded-image.js';

const SIDE = 32; // cells of the grid that is transformed
const SAMPLES = 4; // pixels of each cell, in each direction: more change little, and cost as much again
const LOW = 8; // frequencies in each direction

/** Row `u` of the discrete cosine transform (DCT-II): one value for each cell. */
const COSINES = Array.from({ length: LOW }, (_, u) =>
  Float64Array.from({ length: SIDE }, (_, x) => Math.cos(((2 * x + 1) * u * Math.PI) / (2 * SIDE))),
);

/**
 * 64 bits that change little when a picture is compressed again, resized or made brighter: which of the low frequencies
 * of its brightness are above their median.
 *
 * @returns 16 hexadecimal digits.
 * @see "Implementation and Benchmarking of Perceptual Image Hash Functions" (Zauner, 2010), DCT based hash
 */
export function perceptualHash({ pixels, width, height }: Pick<DecodedImage, 'pixels' | 'width' | 'height'>): string {
  const low = transform(sampleBrightness(pixels, width, height));
  const sorted = Float64Array.from(low.subarray(1)).sort(); // without the mean brightness
  const median = (sorted[31]! + sorted[30]!) / 2;
  let hash = '';
  for (let digit = 0; digit < 16; digit++) {
    let bits = 0;
    for (let bit = 0; bit < 4; bit++) bits = bits * 2 + (low[digit * 4 + bit]! > median ? 1 : 0);
    hash += bits.toString(16);
  }
  return hash;
}

/** The sum of some pixels of each cell, weighted as BT.601 does. */
function sampleBrightness(pixels: Uint8Array, width: number, height: number): Float64Array {
  const cells = new Float64Array(SIDE * SIDE);
  const columns = Int32Array.from({ length: SIDE * SAMPLES }, (_, i) => placeOf(i, width) * 3);
  for (let row = 0; row < SIDE * SAMPLES; row++) {
    const start = placeOf(row, height) * width * 3;
    const cellRow = Math.floor(row / SAMPLES) * SIDE;
    for (let x = 0, column = 0; x < SIDE; x++) {
      let sum = 0;
      for (let sample = 0; sample < SAMPLES; sample++) {
        const at = start + columns[column++]!;
        sum += 299 * pixels[at]! + 587 * pixels[at + 1]! + 114 * pixels[at + 2]!;
      }
      cells[cellRow + x]! += sum;
    }
  }
  return cells;
}

/** The middle of one of the parts that a side is divided into. */
function placeOf(index: number, side: number): number {
  return Math.min(side - 1, Math.floor(((index + 0.5) * side) / (SIDE * SAMPLES)));
}

/** The low frequencies, row by row. */
function transform(cells: Float64Array): Float64Array {
  const rows = new Float64Array(SIDE * LOW);
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < LOW; u++) {
      const cosines = COSINES[u]!;
      let sum = 0;
      for (let x = 0; x < SIDE; x++) sum += cells[y * SIDE + x]! * cosines[x]!;
      rows[y * LOW + u] = sum;
    }
  }
  const low = new Float64Array(LOW * LOW);
  for (let v = 0; v < LOW; v++) {
    const cosines = COSINES[v]!;
    for (let u = 0; u < LOW; u++) {
      let sum = 0;
      for (let y = 0; y < SIDE; y++) sum += rows[y * LOW + u]! * cosines[y]!;
      low[v * LOW + u] = sum;
    }
  }
  return low;
}
