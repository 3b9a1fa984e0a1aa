import type { Size } from '../../core/box.js';
import { computeBicubicTaps, type BicubicTaps } from './bicubic-taps.js';
import type { DecodedImage } from '../decoded-image.js';
import { openStretchFunctions, type StretchFunctions } from './simd-code.js';

/** Of what is kept between the two passes: memory of the module is never given back. */
const MOST_BYTES_BETWEEN = 8_000_000; // 3,400 rows of 768 pixels
const MOST_BYTES_AT_ONCE = 1_000_000; // of the image, whose rows come in one after the other
const BYTES_BEYOND = 16; // that vectors read and write after the end
const PAGE_BYTES = 65_536;

/** What images of one size need. */
interface Plan {
  readonly image: Size;
  readonly across: BicubicTaps;
  readonly down: BicubicTaps;
}

/**
 * Resizes images as `StretchResizer` does, to the same bytes, in a third of ONNX Runtime's time, which has no vectors
 * for it: whole numbers sum up to the same in any order.
 */
export class SimdStretch {
  readonly #functions: StretchFunctions;
  readonly #size: Size;
  #plan: Plan | undefined; // of the latest image: most have the size of the one before

  constructor(size: Size) {
    this.#functions = openStretchFunctions();
    this.#size = size;
  }

  /** Whether an image is small enough. */
  takes({ width, height }: Size): boolean {
    return height * this.#size.width * 3 <= MOST_BYTES_BETWEEN && width * 3 <= MOST_BYTES_AT_ONCE;
  }

  /** @param target - [H, W, 3] of the size. */
  resize({ pixels, width, height }: DecodedImage, target: Uint8Array): void {
    const { across, down } = this.#planFor({ width, height });
    const [rowBytes, stride] = [width * 3, this.#size.width * 3];
    const rowsAtOnce = Math.max(1, Math.floor(MOST_BYTES_AT_ONCE / rowBytes));
    const outputs = 0;
    const acrossWeights = outputs + this.#size.width * 8;
    const downWeights = acrossWeights + across.weights.byteLength;
    const source = downWeights + down.weights.byteLength;
    const between = source + Math.min(rowsAtOnce, height) * rowBytes + BYTES_BEYOND;
    const row = between + height * stride + BYTES_BEYOND;
    const bytes = this.#reserve(row + stride + BYTES_BEYOND);
    const numbers = new Int32Array(bytes.buffer);
    for (let x = 0; x < this.#size.width; x++) {
      numbers[outputs / 4 + 2 * x] = across.first[x]! * 3;
      numbers[outputs / 4 + 2 * x + 1] = acrossWeights + across.offsets[x + 1]! * 4;
    }
    numbers.set(across.weights, acrossWeights / 4);
    numbers.set(down.weights, downWeights / 4);
    for (let first = 0; first < height; first += rowsAtOnce) {
      const last = Math.min(first + rowsAtOnce, height);
      bytes.set(pixels.subarray(first * rowBytes, last * rowBytes), source);
      for (let y = first; y < last; y++) {
        const to = between + y * stride;
        this.#functions.across(source + (y - first) * rowBytes, to, to + stride, outputs, acrossWeights);
      }
    }
    for (let y = 0; y < this.#size.height; y++) {
      const from = between + down.first[y]! * stride;
      const [weights, end] = [down.offsets[y]!, down.offsets[y + 1]!].map((index) => downWeights + index * 4);
      this.#functions.down(from, row, row + stride, weights!, end!, stride);
      target.set(bytes.subarray(row, row + stride), y * stride);
    }
  }

  #planFor(image: Size): Plan {
    if (this.#plan?.image.width !== image.width || this.#plan.image.height !== image.height) {
      const across = computeBicubicTaps(image.width, this.#size.width);
      this.#plan = { image, across, down: computeBicubicTaps(image.height, this.#size.height) };
    }
    return this.#plan;
  }

  #reserve(byteCount: number): Uint8Array {
    const { memory } = this.#functions;
    const missing = Math.ceil((byteCount - memory.buffer.byteLength) / PAGE_BYTES);
    if (missing > 0) memory.grow(missing);
    return new Uint8Array(memory.buffer);
  }
}
