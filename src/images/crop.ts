import type { View } from '../core/tiles.js';
import { shrunk, type DecodedImage } from './decode.js';

/**
 * The pixels of a part of an image, as an image of its own. The whole of a very large one is shrunk, as an image without
 * tiles is: the model sees no more of it anyway.
 */
export async function viewOf(image: DecodedImage, { x, y }: View): Promise<DecodedImage> {
  const width = x.to - x.from;
  const height = y.to - y.from;
  // Where no tiles were asked for, the decoder has shrunk a very large image already.
  if (width === image.original.width && height === image.original.height) return shrunk(image);
  const pixels = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y.from + row) * image.width + x.from) * 3;
    pixels.set(image.pixels.subarray(from, from + width * 3), row * width * 3);
  }
  return { pixels, width, height, original: { width, height } };
}
