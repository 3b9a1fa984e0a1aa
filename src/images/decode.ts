import sharp, { type SharpOptions } from 'sharp';
import type { Size } from '../core/box.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { bmpSizeOf, decodeBmp } from './bmp.js';
import { sniff, type Sniffed } from './sniff.js';

// libvips caches by file name, and every worker has its own core.
sharp.cache(false);
sharp.concurrency(1);
// libvips opens far more than images, among them formats that read other files or run for minutes (SVG).
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadTiff',
    'VipsForeignLoadNsgif',
    'VipsForeignLoadHeif',
  ],
});

/** What decoding may cost, and what it must not accept. */
export interface DecodeLimits {
  readonly maxPixels: number; // width times height
  readonly strict: boolean; // refuse pictures with lost blocks
  readonly fullSize?: boolean; // never shrink: every pixel is wanted, at 3 bytes each
}

/** Larger images are shrunk while they are decoded: their full pixels would take gigabytes. */
const FULL_SIZE_PIXELS = 64_000_000;
const SHRUNK_SIDE_PX = 4096; // still several times what a model sees

/** What the header of an image says. */
export interface Header {
  readonly sniffed: Sniffed;
  readonly size: Size | undefined; // upright; undefined when the header is damaged
}

/** An image as a person sees it: upright, 8-bit RGB. */
export interface DecodedImage {
  readonly pixels: Uint8Array; // [height, width, 3]
  readonly width: number;
  readonly height: number;
  readonly original: Size; // before shrinking, where it was too large; the frame that boxes are given in
  readonly degraded?: string; // what the decoder said of lost blocks
}

/** Reads the header only. */
export async function readHeader(bytes: Buffer): Promise<Header> {
  const sniffed = sniff(bytes);
  if (sniffed.decoder === undefined) return { sniffed, size: undefined };
  return { sniffed, size: sniffed.decoder === 'bmp' ? bmpSizeOf(bytes) : await uprightSizeOf(bytes) };
}

/**
 * Decodes the first frame or page of an image. Its content decides the type, not its name. EXIF orientation is applied,
 * an embedded ICC profile converted to sRGB, alpha dropped while the colour underneath is kept (as PIL's `convert('RGB')`).
 *
 * @param header - Where it has been read already.
 * @throws PreannotateError IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE, IMAGE_UNDECODABLE, and IMAGE_DEGRADED where `strict`; the
 *   caller adds the file's name.
 */
export async function decode(bytes: Buffer, limits: DecodeLimits, header?: Header): Promise<DecodedImage> {
  const { sniffed, size } = header ?? (await readHeader(bytes));
  if (sniffed.decoder === undefined) throw unsupported(sniffed);
  if (size !== undefined && size.width * size.height > limits.maxPixels) throw tooLarge(size, limits.maxPixels);
  if (sniffed.decoder === 'bmp') return decodeBmp(bytes);
  try {
    return await decodeWith(bytes, 'warning', { size, limits });
  } catch (warning) {
    return await decodeDamaged(bytes, { warning, limits, size, sniffed });
  }
}

/** A picture that decodes only when warnings are let pass has lost blocks, or harmless oddities: it is kept and marked. */
async function decodeDamaged(
  bytes: Buffer,
  {
    warning,
    limits,
    size,
    sniffed,
  }: { warning: unknown; limits: DecodeLimits; size: Size | undefined; sniffed: Sniffed },
): Promise<DecodedImage> {
  let image: DecodedImage;
  try {
    image = await decodeWith(bytes, 'error', { size, limits });
  } catch (error) {
    throw undecodable(sniffed, oneLine(error), error);
  }
  const degraded = oneLine(warning);
  if (!limits.strict) return { ...image, degraded };
  throw new PreannotateError(
    {
      code: 'IMAGE_DEGRADED',
      message: `the ${sniffed.kind} image is damaged: ${degraded}.`,
      hint: 'Copy or fetch it again, or leave out --strict-images to annotate what can be seen.',
    },
    warning,
  );
}

async function decodeWith(
  bytes: Buffer,
  failOn: NonNullable<SharpOptions['failOn']>,
  { size, limits: { maxPixels, fullSize = false } }: { size: Size | undefined; limits: DecodeLimits },
): Promise<DecodedImage> {
  const isLarge = !fullSize && size !== undefined && isVeryLarge(size);
  const image = sharp(bytes, { failOn, limitInputPixels: maxPixels, sequentialRead: true }).autoOrient();
  if (isLarge) image.resize({ width: SHRUNK_SIDE_PX, height: SHRUNK_SIDE_PX, fit: 'inside' });
  const { data, info } = await image
    .toColourspace('srgb')
    .removeAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const pixels = (channels as number) === 1 ? tripled(data) : data;
  return { pixels, width, height, original: isLarge ? size : { width, height } };
}

/** The image as it would have been decoded without `fullSize`. */
export async function shrunk(image: DecodedImage): Promise<DecodedImage> {
  const { pixels, width, height } = image;
  if (!isVeryLarge(image)) return image;
  const { data, info } = await sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize({ width: SHRUNK_SIDE_PX, height: SHRUNK_SIDE_PX, fit: 'inside' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { ...image, pixels: data, width: info.width, height: info.height };
}

function isVeryLarge({ width, height }: Size): boolean {
  return width * height > FULL_SIZE_PIXELS;
}

async function uprightSizeOf(bytes: Buffer): Promise<Size | undefined> {
  try {
    const { autoOrient } = await sharp(bytes, { limitInputPixels: false, failOn: 'none' }).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch {
    return undefined; // the decoder itself will say what is wrong
  }
}

/** Grey to RGB. */
function tripled(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let from = 0, to = 0; from < grey.length; from++, to += 3) rgb[to] = rgb[to + 1] = rgb[to + 2] = grey[from]!;
  return rgb;
}

function unsupported({ kind, advice }: Sniffed): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_UNSUPPORTED',
    message: `its content is not an image that can be read (${kind}).`,
    hint: advice ?? 'JPEG, PNG, WebP, TIFF, GIF, AVIF and BMP can be read. Convert it, or --exclude it.',
  });
}

function tooLarge(size: Size, maxPixels: number): PreannotateError {
  const pixels = size.width * size.height;
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `${size.width} x ${size.height} are ${pixels} pixels, more than the ${maxPixels} allowed.`,
    hint: 'If this really is such a large picture, raise --max-pixels.',
  });
}

function undecodable({ kind }: Sniffed, reason: string, cause: unknown): PreannotateError {
  const isHeic = kind === 'HEIF';
  return new PreannotateError(
    {
      code: isHeic ? 'IMAGE_UNSUPPORTED' : 'IMAGE_UNDECODABLE',
      message: isHeic ? `HEIC cannot be decoded (${reason}).` : `the ${kind} image cannot be decoded: ${reason}.`,
      hint: isHeic
        ? 'Convert it to JPEG, for example with `heif-convert`.'
        : 'It is damaged or cut short. Copy or fetch it again.',
    },
    cause,
  );
}

/** What libvips says, on one line without repetitions. */
function oneLine(error: unknown): string {
  const lines = messageOf(error)
    .split('\n')
    .map((line) => printable(line.trim()));
  return [...new Set(lines)]
    .filter((line) => line !== '')
    .slice(0, 3)
    .join('; ')
    .replace(/\.$/, '');
}
