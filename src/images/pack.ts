import type { Size } from '../core/box.js';
import type { DecodedImage } from './decode.js';
import { LetterboxResizer } from './letterbox.js';
import { StretchResizer } from './stretch.js';

/** Brings images to the size of the model's input. */
export interface Resizer extends AsyncDisposable {
  /** @param target - [H, W, 3] uint8, filled whole. */
  resize(image: DecodedImage, target: Uint8Array): Promise<void>;
}

/** How an image fills the model's input: squashed to it (OWL-ViT), or padded to a square first (OWLv2). */
export type Fit = 'stretch' | 'letterbox';

export async function openResizer(fit: Fit, size: Size): Promise<Resizer> {
  return fit === 'stretch' ? StretchResizer.open(size) : new LetterboxResizer(size);
}

/** Puts decoded images one after another: upright pixels of any size to [N, H, W, 3] uint8. */
export async function pack(images: readonly DecodedImage[], resizer: Resizer, size: Size): Promise<Uint8Array> {
  const imageBytes = size.height * size.width * 3;
  const batch = new Uint8Array(images.length * imageBytes);
  for (const [i, image] of images.entries()) {
    await resizer.resize(image, batch.subarray(i * imageBytes, (i + 1) * imageBytes));
  }
  return batch;
}
