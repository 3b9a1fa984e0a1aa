import type { Size } from '../../core/box.js';
import type { DecodedImage } from '../decoded-image.js';
import { computeTaps, type Taps } from './letterbox-taps.js';
import { Pace } from './pace.js';

/**
 * Pads an image to a square at the bottom and the right, then shrinks or enlarges it, as OWLv2's image processor does:
 * a Gaussian filter against aliasing, then linear interpolation. Both are linear and separable, so they are applied as
 * one set of taps per axis. The result is rounded to whole levels, at most half a level from the original's.
 *
 * Of the rows in between, only those that the next output row needs are in memory: 48 bytes for each pixel of the
 * longer side, whatever the shape.
 *
 * @see transformers `Owlv2ImageProcessor`, `scipy.ndimage.gaussian_filter`, `scipy.ndimage.zoom`
 */
export class LetterboxResizer {
  readonly #size: Size;
  readonly #padLevel: number;

  /** @param padLevel - What the square is filled up with, 0 to 255. */
  constructor(size: Size, padLevel: number) {
    this.#size = size;
    this.#padLevel = padLevel;
  }

  /** @param target - [H, W, 3] of the model's input. @throws The reason of the signal. */
  async resize(image: DecodedImage, target: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { width, height } = this.#size;
    const side = Math.max(image.width, image.height);
    const padLevel = this.#padLevel;
    const across = computeTaps({ inputs: side, outputs: width, filled: image.width, padLevel });
    const down = computeTaps({ inputs: side, outputs: height, filled: image.height, padLevel });
    const columns = new ColumnFilter(across, levelRange(image, padLevel));
    const rows = new NarrowedRows(image, { across, capacity: down.longestReach });
    const pace = new Pace(signal);
    for (let y = 0; y < height; y++) {
      const { to } = down.reach[y]!;
      while (rows.count < to) {
        rows.addUpTo(to);
        await pace.rest();
      }
      columns.filter({ rows, taps: down, y, target: target.subarray(y * width * 3, (y + 1) * width * 3) });
      await pace.rest();
    }
  }

  /** What is beside the image costs nothing, so that pixels in between are fewer than those of the image. */
  estimatePixels(): number {
    return 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It holds no resources.
  }
}

/** Samples narrowed in one go: about a millisecond. */
const SAMPLES_AT_ONCE = 200_000;

/** The latest rows of an image, filtered along x: [capacity, live columns, 3] float32, in a ring. */
class NarrowedRows {
  readonly values: Float32Array;
  readonly stride: number;
  readonly capacity: number;
  count = 0; // rows that were added
  readonly #image: DecodedImage;
  readonly #across: Taps;

  constructor(image: DecodedImage, { across, capacity }: { across: Taps; capacity: number }) {
    this.#image = image;
    this.#across = across;
    this.stride = across.live * 3;
    this.capacity = capacity;
    this.values = new Float32Array(capacity * this.stride);
  }

  /** Adds the next rows, as many as do not take long, but none from `end` on. */
  addUpTo(end: number): void {
    const rows = Math.ceil(SAMPLES_AT_ONCE / (this.#image.width + this.stride));
    for (const last = Math.min(end, this.count + rows); this.count < last; this.count++) this.#add();
  }

  #add(): void {
    const { pixels, width } = this.#image;
    const { live, indices, weights, padding } = this.#across;
    const row = this.count * width * 3;
    let to = (this.count % this.capacity) * this.stride;
    for (let output = 0; output < live; output++, to += 3) {
      const from = indices[output]!;
      const weight = weights[output]!;
      let r = padding[output]!;
      let g = r;
      let b = r;
      for (let tap = 0; tap < from.length; tap++) {
        const at = row + from[tap]! * 3;
        r += weight[tap]! * pixels[at]!;
        g += weight[tap]! * pixels[at + 1]!;
        b += weight[tap]! * pixels[at + 2]!;
      }
      this.values[to] = r;
      this.values[to + 1] = g;
      this.values[to + 2] = b;
    }
  }
}

/** Filters along y, and keeps the result within the range that the image had. */
class ColumnFilter {
  readonly #sums: Float32Array; // of the live columns
  readonly #padding: ReadonlyMap<number, number[]>; // columns to the right of the image, by their level
  readonly #range: readonly [number, number];

  constructor(across: Taps, range: readonly [number, number]) {
    this.#sums = new Float32Array(across.live * 3);
    this.#range = range;
    const padding = new Map<number, number[]>();
    for (let x = across.live; x < across.padding.length; x++) {
      const level = across.padding[x]!;
      padding.set(level, [...(padding.get(level) ?? []), x]);
    }
    this.#padding = padding;
  }

  /** @param output - `target` is row `y` of the result: [W, 3]. */
  filter({ rows, taps, y, target }: { rows: NarrowedRows; taps: Taps; y: number; target: Uint8Array }): void {
    const sums = this.#sums;
    const { values, stride, capacity } = rows;
    const indices = taps.indices[y]!;
    const weights = taps.weights[y]!;
    const outside = taps.padding[y]!;
    sums.fill(outside);
    for (let tap = 0; tap < indices.length; tap++) {
      const weight = weights[tap]!;
      const from = (indices[tap]! % capacity) * stride;
      for (let i = 0; i < stride; i++) sums[i]! += weight * values[from + i]!;
    }
    for (let i = 0; i < stride; i++) target[i] = this.#toLevel(sums[i]!);
    for (const [level, columns] of this.#padding) {
      let sum = outside;
      for (const weight of weights) sum = Math.fround(sum + weight * level);
      for (const x of columns) target.fill(this.#toLevel(sum), x * 3, x * 3 + 3);
    }
  }

  #toLevel(value: number): number {
    return Math.min(Math.max(value, this.#range[0]), this.#range[1]) + 0.5;
  }
}

/** Darkest and lightest level of the padded image: interpolation may not leave it. */
function levelRange({ pixels, width, height }: DecodedImage, padLevel: number): readonly [number, number] {
  let low = 255;
  let high = 0;
  for (let i = 0; i < pixels.length && (low > 0 || high < 255); i++) {
    const level = pixels[i]!;
    if (level < low) low = level;
    if (level > high) high = level;
  }
  if (width === height) return [low, high];
  return [Math.min(low, padLevel), Math.max(high, padLevel)];
}
