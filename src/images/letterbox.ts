import type { Size } from '../core/box.js';
import type { DecodedImage } from './decoded-image.js';

/** The grey of the padding: as in transformers 4, with which the models were trained (version 5 pads with black). */
const PAD_LEVEL = 127.5;

/**
 * Pads an image to a square at the bottom and the right, then shrinks or enlarges it, as OWLv2's image processor does:
 * a Gaussian filter against aliasing, then linear interpolation. Both are linear and separable, so they are applied as
 * one set of taps per axis. The result is rounded to whole levels, at most half a level from the original's.
 *
 * @see transformers `Owlv2ImageProcessor`, `scipy.ndimage.gaussian_filter`, `scipy.ndimage.zoom`
 */
export class LetterboxResizer {
  readonly #size: Size;

  constructor(size: Size) {
    this.#size = size;
  }

  /** @param target - [H, W, 3] of the model's input. */
  resize(image: DecodedImage, target: Uint8Array): Promise<void> {
    const side = Math.max(image.width, image.height);
    const across = computeTaps({ inputs: side, outputs: this.#size.width, filled: image.width });
    const down = computeTaps({ inputs: side, outputs: this.#size.height, filled: image.height });
    const narrowed = filterRows(image, across);
    filterColumns(narrowed, down, { stride: this.#size.width * 3, range: levelRange(image), target });
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It holds no resources.
  }
}

/** The input samples and weights of each output sample: `count` per output. */
interface Taps {
  readonly outputs: number;
  readonly count: number;
  readonly indices: Int32Array; // [outputs * count], below `filled`
  readonly weights: Float32Array; // [outputs * count]
  readonly padding: Float32Array; // [outputs]: the contribution of the padding, in levels
}

/** @param axis - `inputs` samples of the padded square, of which the first `filled` are the image's. */
function computeTaps({ inputs, outputs, filled }: { inputs: number; outputs: number; filled: number }): Taps {
  const factor = inputs / outputs;
  const blur = gaussianKernel(factor > 1 ? (factor - 1) / 2 : 0);
  const radius = (blur.length - 1) / 2;
  const count = blur.length + 1;
  const indices = new Int32Array(outputs * count);
  const weights = new Float32Array(outputs * count);
  const padding = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const centre = reflect((output + 0.5) * factor - 0.5, inputs);
    const left = Math.floor(centre);
    const share = centre - left;
    for (let tap = 0; tap < count; tap++) {
      const weight = (1 - share) * (blur[tap] ?? 0) + share * (blur[tap - 1] ?? 0);
      const index = reflect(left - radius + tap, inputs);
      if (index < filled) {
        indices[output * count + tap] = index;
        weights[output * count + tap] = weight;
      } else {
        padding[output]! += weight * PAD_LEVEL;
      }
    }
  }
  return { outputs, count, indices, weights, padding };
}

/** Reflects a position about the centres of the first and the last sample. */
function reflect(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = Math.abs(position) % period;
  return within > length - 1 ? period - within : within;
}

/** A normalised Gaussian, cut at four standard deviations; [1] for none. */
function gaussianKernel(sigma: number): number[] {
  const radius = Math.floor(4 * sigma + 0.5);
  const values = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    sigma === 0 ? 1 : Math.exp((-0.5 * (i - radius) ** 2) / sigma ** 2),
  );
  const sum = values.reduce((total, value) => total + value, 0);
  return values.map((value) => value / sum);
}

/** [h, w, 3] uint8 to [h, outputs, 3] float32. */
function filterRows({ pixels, width, height }: DecodedImage, taps: Taps): Float32Array {
  const { outputs, count, indices, weights, padding } = taps;
  const result = new Float32Array(height * outputs * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * width * 3;
    for (let output = 0; output < outputs; output++, to += 3) {
      let r = padding[output]!;
      let g = r;
      let b = r;
      for (let tap = output * count, end = tap + count; tap < end; tap++) {
        const from = row + indices[tap]! * 3;
        const weight = weights[tap]!;
        r += weight * pixels[from]!;
        g += weight * pixels[from + 1]!;
        b += weight * pixels[from + 2]!;
      }
      result[to] = r;
      result[to + 1] = g;
      result[to + 2] = b;
    }
  }
  return result;
}

/** [h, stride] float32 to [outputs, stride] uint8, kept within the range that the image had. */
function filterColumns(
  rows: Float32Array,
  { outputs, count, indices, weights, padding }: Taps,
  { stride, range, target }: { stride: number; range: readonly [number, number]; target: Uint8Array },
): void {
  const sum = new Float32Array(stride);
  for (let output = 0; output < outputs; output++) {
    sum.fill(padding[output]!);
    for (let tap = output * count, end = tap + count; tap < end; tap++) {
      const weight = weights[tap]!;
      if (weight === 0) continue;
      const from = indices[tap]! * stride;
      for (let i = 0; i < stride; i++) sum[i]! += weight * rows[from + i]!;
    }
    const to = output * stride;
    for (let i = 0; i < stride; i++) target[to + i] = Math.min(Math.max(sum[i]!, range[0]), range[1]) + 0.5;
  }
}

/** Darkest and lightest level of the padded image: interpolation may not leave it. */
function levelRange({ pixels, width, height }: DecodedImage): readonly [number, number] {
  let low = 255;
  let high = 0;
  for (let i = 0; i < pixels.length && (low > 0 || high < 255); i++) {
    const level = pixels[i]!;
    if (level < low) low = level;
    if (level > high) high = level;
  }
  if (width === height) return [low, high];
  return [Math.min(low, PAD_LEVEL), Math.max(high, PAD_LEVEL)];
}
