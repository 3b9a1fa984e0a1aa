import type { Size } from '../../core/box.js';
import type { Fit } from '../../core/inference/input-form.js';
import type { DecodedImage } from '../decoded-image.js';
import { LetterboxResizer } from './letterbox.js';
import { StretchResizer } from './stretch.js';

/** Resizes images to the model's input. */
export interface Resizer extends AsyncDisposable {
  /**
   * Images of extreme shapes are resized in slices, between which the event loop turns.
   *
   * @param target - [H, W, 3] uint8, filled whole.
   * @throws The reason of the signal, when it aborts in between.
   */
  resize(image: DecodedImage, target: Uint8Array, signal?: AbortSignal): Promise<void>;
  /**
   * Estimates the work of resizing, beside that of decoding: pixels of the rows as wide as the result, between the two
   * passes.
   */
  estimatePixels(size: Size): number;
}

/** The level of the padding, 0 to 255. Grey is as in transformers 4: half of white, between two levels. */
const PAD_LEVELS: Readonly<Record<Exclude<Fit, 'stretch'>, number>> = { letterbox: 0, unpadded: 0, grey: 127.5 };

/** The area that the whole input shows, from the image's upper left corner: the image, or the square around it. */
export function fittedFrame(fit: Fit, { width, height }: Size): Size {
  if (fit === 'stretch') return { width, height };
  const side = Math.max(width, height);
  return { width: side, height: side };
}

export function openResizer(fit: Fit, size: Size): Resizer {
  return fit === 'stretch' ? new StretchResizer(size) : new LetterboxResizer(size, PAD_LEVELS[fit]);
}
