import type { Size } from '../../core/box.js';
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

/** How an image fills the model's input: stretched to it (OWL-ViT), or padded to a square first (OWLv2). */
export type Fit = 'stretch' | 'letterbox';

/** The area that the whole input shows, from the image's upper left corner: the image, or the square around it. */
export function fittedFrame(fit: Fit, { width, height }: Size): Size {
  if (fit === 'stretch') return { width, height };
  const side = Math.max(width, height);
  return { width: side, height: side };
}

export async function openResizer(fit: Fit, size: Size): Promise<Resizer> {
  return fit === 'stretch' ? StretchResizer.open(size) : new LetterboxResizer(size);
}
