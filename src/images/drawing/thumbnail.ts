import sharp from 'sharp';
import { decodeImage, readHeader } from '../decode.js';

const QUALITY = 60; // of a small picture; twice the size gives little more
const EFFORT = 2; // of 6: half the time for 5 % more bytes

/**
 * A small copy of an image, upright. The same bytes always give the same copy.
 *
 * @param longestPx - Of its longer side; smaller images keep their size.
 * @returns A WebP.
 * @throws PreannotateError as `decodeImage` does
 */
export async function makeThumbnail(
  bytes: Buffer,
  { maxPixels, longestPx }: { readonly maxPixels: number; readonly longestPx: number },
): Promise<Buffer> {
  const box = { width: longestPx, height: longestPx, fit: 'inside', withoutEnlargement: true } as const;
  const webp = { quality: QUALITY, effort: EFFORT };
  const header = await readHeader(bytes);
  if (header.sniffed.kind === 'JPEG') {
    // libjpeg decodes a smaller picture several times as fast; what it refuses is decoded as for the model.
    const shrunk = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels }).autoOrient().resize(box).webp(webp);
    const small = await shrunk.toBuffer().catch(() => undefined);
    if (small !== undefined) return small;
  }
  const { pixels, width, height } = await decodeImage(bytes, { maxPixels, strict: false }, header);
  return await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(box)
    .webp(webp)
    .toBuffer();
}
