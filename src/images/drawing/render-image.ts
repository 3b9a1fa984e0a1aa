import sharp from 'sharp';
import { decodeImage, type DecodeLimits } from '../decode.js';
import { complete } from '../libvips.js';

const QUALITY = 90;

/**
 * An image of a type that browsers do not show, as JPEG: what is annotated of it, upright. Very large images become
 * smaller.
 *
 * @throws PreannotateError as `decodeImage` does
 */
export async function renderImage(bytes: Buffer, limits: DecodeLimits): Promise<Buffer> {
  const { pixels, width, height } = await decodeImage(bytes, limits);
  const image = sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
  return await complete('render the image', image.jpeg({ quality: QUALITY }).toBuffer());
}
