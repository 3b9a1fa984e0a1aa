import sharp, { type SharpOptions } from 'sharp';
import type { Size } from '../core/box.js';
import { PreannotateError } from '../core/errors.js';
import { readBmpSize, decodeBmp } from './bmp.js';
import { describeDamage, type Damage } from './damage/describe-damage.js';
import { BMP_COST, costOfPixels, HEIC_COST, refuseCostlyDecoding, type PixelCost } from './decode-cost.js';
import type { DecodedImage } from './decoded-image.js';
import { withKnownBrands } from './ftyp.js';
import { decodeHeic } from './heic/decode-heic.js';
import type { HeifItems } from './heic/heif-items.js';
import { complete, settle } from './libvips.js';
import { sniffHeader, type Sniffed } from './sniff.js';
import { cameraRawError } from './tiff/camera-raw.js';
import { convertSamples } from './tiff/convert-samples.js';
import { inspectTiff, type TiffPlan } from './tiff/inspect.js';
import { costOfSamples, uprightSize } from './tiff/sample-layout.js';
import { PHOTOMETRIC } from './tiff/tags.js';
import { writePlainTiff } from './tiff/write-tiff.js';

/** The largest image to decode, and whether damage is accepted. */
export interface DecodeLimits {
  readonly maxPixels: number; // width times height
  readonly strict: boolean; // refuse images with lost blocks
  readonly fullSize?: boolean; // never shrink: tiles need every pixel, at 3 bytes each
}

/** Larger images are shrunk during decoding: their full pixels would take gigabytes. */
const FULL_SIZE_PIXELS = 64_000_000;
const SHRUNK_SIDE_PX = 4096; // still several times what a model sees

/** File type and size, read from the header of an image. */
export interface ImageHeader {
  readonly sniffed: Sniffed;
  readonly size: Size | undefined; // upright; undefined when the header is damaged
  readonly cost?: PixelCost | undefined;
  readonly tiff?: TiffPlan | undefined;
  readonly heif?: HeifItems | undefined;
  readonly icc?: Buffer | undefined; // the colour profile, where it is not in what decoders give
}

/** Reads the header only. */
export async function readHeader(bytes: Buffer): Promise<ImageHeader> {
  const { sniffed, heif } = sniffHeader(bytes);
  if (sniffed.decoder === undefined) return { sniffed, size: undefined };
  if (sniffed.decoder === 'bmp') return { sniffed, size: readBmpSize(bytes), cost: BMP_COST };
  const tiff = sniffed.kind.endsWith('TIFF') ? inspectTiff(bytes) : undefined;
  if (tiff?.kind === 'refused') return { sniffed, size: undefined, tiff };
  if (tiff?.kind === 'measured') {
    return { sniffed, size: uprightSize(tiff.layout), cost: costOfSamples(tiff.layout, FULL_SIZE_PIXELS), tiff };
  }
  const file = tiff?.open() ?? withKnownBrands(bytes, sniffed.kind);
  return { sniffed, ...(await readUprightSize(file, sniffed)), tiff, heif };
}

/** What a file holds, in a word or two: JPEG, PNG, TIFF, float TIFF. */
export function encodingOf({ sniffed, tiff }: ImageHeader): string {
  return tiff?.kind === 'measured' && tiff.layout.format === 'float' ? 'float TIFF' : sniffed.kind;
}

/**
 * Decodes the first frame or page of an image. Its content decides the type, not its name. EXIF orientation is applied,
 * an embedded ICC profile converted to sRGB, alpha dropped while the colour underneath is kept (as PIL's
 * `convert('RGB')`).
 *
 * @param header - If it has been read already.
 * @throws PreannotateError IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE, IMAGE_UNDECODABLE, and IMAGE_DEGRADED where `strict`;
 *   the caller adds the file's name.
 */
export async function decodeImage(bytes: Buffer, limits: DecodeLimits, header?: ImageHeader): Promise<DecodedImage> {
  const { sniffed, size, cost, tiff, heif, icc } = header ?? (await readHeader(bytes));
  if (sniffed.decoder === undefined) throw unsupportedError(sniffed);
  if (tiff?.kind === 'refused') throw tiff.error;
  const { maxPixels } = limits;
  if (size !== undefined && size.width * size.height > maxPixels) throw tooLargeError(size, maxPixels);
  const held = tiff?.kind === 'measured' && limits.fullSize === true ? costOfSamples(tiff.layout, Infinity) : cost;
  if (size !== undefined && held !== undefined) refuseCostlyDecoding(size, held, { kind: sniffed.kind, maxPixels });
  if (sniffed.decoder === 'bmp') return decodeBmp(bytes);
  if (sniffed.decoder === 'heic') return await decodePhoto(bytes, { size, heif, icc, limits });
  const decode: Decode =
    tiff?.kind === 'measured'
      ? (failOn) => decodeMeasured(tiff, failOn, limits)
      : (failOn) => decodeWith(tiff?.open() ?? withKnownBrands(bytes, sniffed.kind), failOn, { size, limits });
  return (await decode('warning')) ?? (await decodeDamaged(bytes, { limits, decode, sniffed }));
}

type FailOn = NonNullable<SharpOptions['failOn']>;
type Decode = (failOn: FailOn) => Promise<DecodedImage | undefined>;

/** Decodes a TIFF image whose samples become 8 bits here. @returns undefined when it fails */
async function decodeMeasured(
  { open, layout }: TiffPlan & { kind: 'measured' },
  failOn: FailOn,
  limits: DecodeLimits,
): Promise<DecodedImage | undefined> {
  const size = uprightSize(layout);
  const isShrunk = limits.fullSize !== true && isVeryLarge(size);
  const plain = await convertSamples(open(), layout, { failOn, side: isShrunk ? SHRUNK_SIDE_PX : undefined });
  const image = plain && (await decodeWith(plain, 'error', { size, limits }));
  return image && (isShrunk ? { ...image, original: size } : image);
}

/** Decodes HEIC, and converts its colours. */
async function decodePhoto(
  bytes: Buffer,
  { size, heif, icc, limits }: Pick<ImageHeader, 'size' | 'heif' | 'icc'> & { limits: DecodeLimits },
): Promise<DecodedImage> {
  const kind = 'HEIC';
  const picture = size && heif && decodeHeic(withKnownBrands(bytes, kind), size, heif);
  if (size === undefined || picture === undefined) {
    throw undecodableError(kind, describeDamage(bytes, kind, { decodes: false }));
  }
  const { pixels, pictures, damaged } = picture;
  const plain = writePlainTiff({ ...size, pixels, samples: 3, photometric: PHOTOMETRIC.rgb, orientation: 1, icc });
  const image = await decodeWith(plain, 'error', { size, limits });
  const damage = describeDamage(bytes, kind, { decodes: true });
  if (image === undefined) throw undecodableError(kind, damage);
  if (damaged === 0) return image;
  const reason = pictures === 1 ? damage.reason : `${damage.reason} (${damaged} of ${pictures} tiles)`;
  return keepDamaged(image, { kind, reason, strict: limits.strict });
}

/**
 * An image that decodes only when warnings are ignored has lost blocks or is slightly malformed: it is kept and marked.
 */
async function decodeDamaged(
  bytes: Buffer,
  { limits, decode, sniffed }: { limits: DecodeLimits; decode: Decode; sniffed: Sniffed },
): Promise<DecodedImage> {
  const image = await decode('error');
  const { kind } = sniffed;
  const damage = describeDamage(bytes, kind, { decodes: image !== undefined });
  if (image === undefined) throw undecodableError(kind, damage);
  return keepDamaged(image, { kind, reason: damage.reason, strict: limits.strict });
}

function keepDamaged(
  image: DecodedImage,
  { kind, reason, strict }: { kind: string; reason: string; strict: boolean },
): DecodedImage {
  if (!strict) return { ...image, degraded: reason };
  throw new PreannotateError({
    code: 'IMAGE_DEGRADED',
    message: `the ${kind} image is damaged: ${reason}.`,
    hint: 'Copy or download it again, or omit --strict-images to annotate what can be decoded.',
  });
}

/** @returns undefined when it fails: what libvips reports is unreliable. */
async function decodeWith(
  bytes: Buffer,
  failOn: FailOn,
  { size, limits: { maxPixels, fullSize = false } }: { size: Size | undefined; limits: DecodeLimits },
): Promise<DecodedImage | undefined> {
  const isLarge = !fullSize && size !== undefined && isVeryLarge(size);
  const image = sharp(bytes, { failOn, limitInputPixels: maxPixels, sequentialRead: true }).autoOrient();
  if (isLarge) image.resize({ width: SHRUNK_SIDE_PX, height: SHRUNK_SIDE_PX, fit: 'inside' });
  image.toColourspace('srgb').removeAlpha().raw({ depth: 'uchar' });
  const decoded = await settle(image.toBuffer({ resolveWithObject: true }));
  if (decoded === undefined) return undefined;
  const { data, info } = decoded;
  const { width, height, channels } = info;
  const pixels = (channels as number) === 1 ? greyToRgb(data) : data;
  return { pixels, width, height, original: isLarge ? size : { width, height } };
}

/** What decoding without `fullSize` would have returned. */
export async function shrinkIfLarge(image: DecodedImage): Promise<DecodedImage> {
  const { pixels, width, height } = image;
  if (!isVeryLarge(image)) return image;
  const shrunk = sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize({ width: SHRUNK_SIDE_PX, height: SHRUNK_SIDE_PX, fit: 'inside' })
    .raw();
  const { data, info } = await complete('shrink the image', shrunk.toBuffer({ resolveWithObject: true }));
  return { ...image, pixels: data, width: info.width, height: info.height };
}

/** The size after decoding without `fullSize`. */
export function sizeAfterShrinking(size: Size): Size {
  const scale = isVeryLarge(size) ? SHRUNK_SIDE_PX / Math.max(size.width, size.height) : 1;
  return { width: Math.max(1, Math.round(size.width * scale)), height: Math.max(1, Math.round(size.height * scale)) };
}

function isVeryLarge({ width, height }: Size): boolean {
  return width * height > FULL_SIZE_PIXELS;
}

async function readUprightSize(bytes: Buffer, sniffed: Sniffed): Promise<Omit<ImageHeader, 'sniffed'>> {
  const metadata = await settle(sharp(bytes, { limitInputPixels: false, failOn: 'none' }).metadata());
  if (metadata === undefined) return { size: undefined }; // decoding will report what is wrong
  const { width, height } = metadata.autoOrient;
  if (sniffed.decoder === 'heic') return { size: { width, height }, cost: HEIC_COST, icc: metadata.icc };
  return { size: { width, height }, cost: costOfPixels(metadata, sniffed) };
}

/** Grey to RGB. */
function greyToRgb(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let from = 0, to = 0; from < grey.length; from++, to += 3) rgb[to] = rgb[to + 1] = rgb[to + 2] = grey[from]!;
  return rgb;
}

function unsupportedError({ kind, advice, folderAdvice, rawFormat }: Sniffed): PreannotateError {
  if (kind === 'camera raw') return cameraRawError(rawFormat);
  return new PreannotateError({
    code: 'IMAGE_UNSUPPORTED',
    message: `its content is not an image that can be read (${kind}).`,
    hint:
      folderAdvice ?? advice ?? 'JPEG, PNG, WebP, TIFF, GIF, AVIF and BMP are supported. Convert it, or --exclude it.',
    ...(advice === undefined ? {} : { clientHint: advice }),
  });
}

function tooLargeError(size: Size, maxPixels: number): PreannotateError {
  const pixels = size.width * size.height;
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `it has ${size.width} x ${size.height} = ${pixels} pixels, more than the ${maxPixels} allowed.`,
    hint: 'If the image really is that large, raise --max-pixels.',
  });
}

function undecodableError(kind: string, { reason, advice, isUnsupported }: Damage): PreannotateError {
  return new PreannotateError({
    code: isUnsupported ? 'IMAGE_UNSUPPORTED' : 'IMAGE_UNDECODABLE',
    message: `the ${kind} image cannot be decoded: ${reason}.`,
    hint: advice,
    ...(isUnsupported ? { clientHint: advice } : {}), // a conversion; of damage, clients are told what they can do
  });
}
