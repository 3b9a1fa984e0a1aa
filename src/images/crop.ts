import type { Crop } from '../core/tiling/tiles.js';
import { shrinkIfLarge } from './decode.js';
import type { DecodedImage } from './decoded-image.js';

/**
 * Copies a part of an image into an image of its own. The whole of a very large image is shrunk, as the decoder shrinks
 * an image without tiles: the model's input is smaller anyway.
 */
export async function cutCrop(image: DecodedImage, { x, y }: Crop): Promise<DecodedImage> {
  const width = x.to - x.from;
  const height = y.to - y.from;
  // Without tiles, the decoder has already shrunk a very large image.
  if (width === image.original.width && height === image.original.height) return shrinkIfLarge(image);
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y.from + row) * image.width + x.from) * 3;
    pixels.set(image.pixels.subarray(from, from + width * 3), row * width * 3);
  }
  return { pixels, width, height, original: { width, height } };
}
