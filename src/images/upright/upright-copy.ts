import sharp from 'sharp';

const QUALITY = 95; // of formats that lose something when they are written again

/**
 * The first frame of an image turned as its EXIF orientation says, in the same format and without that tag, so that
 * every reader sees it upright. Other EXIF tags are lost; the colour profile is kept.
 *
 * @throws what sharp throws for an image that it cannot decode.
 */
export async function makeUprightCopy(bytes: Buffer, { maxPixels }: { readonly maxPixels: number }): Promise<Buffer> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels: maxPixels });
  const { format } = await image.metadata();
  image.autoOrient().keepIccProfile();
  if (format === 'jpeg') image.jpeg({ quality: QUALITY, chromaSubsampling: '4:4:4' });
  else if (format === 'webp') image.webp({ quality: QUALITY });
  else if (format === 'tiff') image.tiff({ compression: 'deflate' });
  return await image.toBuffer();
}
