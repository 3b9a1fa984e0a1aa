import sharp, { type Sharp } from 'sharp';
import { decodeImage, readHeader } from '../decode.js';

const QUALITY = 95; // of formats that lose something when they are written again

/**
 * The first frame of an image turned as its EXIF orientation says, in the same format and without that tag, so that
 * every reader sees it upright. What can be decoded, and which page of a TIFF file, is as for annotation. Other EXIF
 * tags are lost; the colour profile is kept; samples have 8 bits.
 *
 * @throws Error for an image that cannot be decoded: what sharp says of it is unreliable.
 */
export async function makeUprightCopy(bytes: Buffer, { maxPixels }: { readonly maxPixels: number }): Promise<Buffer> {
  const header = await readHeader(bytes);
  const { tiff } = header;
  if (tiff?.kind === 'refused') throw tiff.error;
  if (tiff?.kind === 'measured') {
    const limits = { maxPixels, strict: false, fullSize: true };
    const { pixels, width, height } = await decodeImage(bytes, limits, header);
    return await toTiff(sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })).toBuffer();
  }
  const image = sharp(tiff?.open() ?? bytes, { failOn: 'error', limitInputPixels: maxPixels });
  const { format } = await image.metadata();
  image.autoOrient().keepIccProfile();
  if (format === 'jpeg') image.jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' });
  else if (format === 'webp') image.webp({ quality: QUALITY });
  else if (format === 'tiff') toTiff(image);
  return await image.toBuffer();
}

function toTiff(image: Sharp): Sharp {
  return image.tiff({ compression: 'deflate' });
}
