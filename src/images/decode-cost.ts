import type { Metadata } from 'sharp';
import type { Size } from '../core/box.js';
import { PreannotateError } from '../core/errors.js';
import type { Sniffed } from './sniff.js';

/** What a decoder does with each pixel, by the header of the file. */
export interface PixelCost {
  readonly bytes: number; // of a decoded pixel, before it becomes 8-bit RGB: 8 with 16 bits and alpha
  readonly heldBytes: number; // of a pixel, where the decoder must hold the whole image; else 0
}

/**
 * Limits on memory and time. Files that are decoded row by row hold nothing, those that hold the whole image may hold
 * 3 bytes for each pixel allowed: 805 MB by default. A small limit on pixels does not make it smaller than 400 MB,
 * which 50 Mpixel take with 16 bits and alpha.
 */
const HELD_BYTES_A_PIXEL_ALLOWED = 3;
const DECODED_BYTES_A_PIXEL_ALLOWED = 4; // 256 Mpixel of 4 bytes take 3 s, of 8 bytes 9 s
const ALWAYS_ALLOWED_BYTES = 400e6;

const SAMPLE_BYTES: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
  complex: 8,
  double: 8,
  dpcomplex: 16,
};

/** BMP is decoded by this program, to 3 bytes a pixel; run lengths are expanded to a byte a pixel before. */
export const BMP_COST: PixelCost = { bytes: 3, heldBytes: 4 };

/** HEIC is planes of up to 16 bits and RGB in its decoder, then RGB twice. */
export const HEIC_COST: PixelCost = { bytes: 4, heldBytes: 14 };

/** @param metadata - Of the header, as libvips reads it. */
export function costOfPixels(metadata: Metadata, { kind }: Sniffed): PixelCost {
  const bytes = metadata.channels * (SAMPLE_BYTES[metadata.depth] ?? 1);
  const isTurned = (metadata.orientation ?? 1) > 1; // which needs rows in another order than they come
  const held = heldByDecoder(metadata, kind, bytes);
  return { bytes, heldBytes: held + (isTurned ? bytes : 0) };
}

/** Interlaced and progressive files are complete only at their end, and some libraries decode whole frames only. */
function heldByDecoder({ isProgressive, chromaSubsampling, channels }: Metadata, kind: string, bytes: number): number {
  switch (kind) {
    case 'JPEG': {
      if (!isProgressive) return 0;
      const samples = chromaSubsampling === '4:2:0' ? 1.5 : channels;
      return 2 * samples; // coefficients of 16 bits
    }
    case 'PNG':
      return isProgressive ? bytes : 0;
    case 'GIF':
      return 4;
    case 'WebP':
      return 2 * 4; // the frame, and a copy in the lossless decoder
    case 'AVIF':
    case 'AVIF sequence':
    case 'HEIF':
      return 3 * bytes; // planes, their references, and RGB
    default:
      return 0;
  }
}

/** How to save an image so that its decoder holds less; those of other kinds hold the whole image in any case. */
const CHEAPER: Readonly<Record<string, string>> = {
  PNG: 'Save it without interlacing, upright, or smaller.',
  JPEG: 'Save it as baseline JPEG, upright, or smaller.',
  TIFF: 'Save it upright, or smaller.',
  HEIC: 'Convert it to baseline JPEG, or save it smaller.',
};

/** @throws PreannotateError IMAGE_TOO_LARGE */
export function refuseCostlyDecoding(
  size: Size,
  cost: PixelCost,
  { kind, maxPixels }: { kind: string; maxPixels: number },
): void {
  const pixels = size.width * size.height;
  const held = pixels * cost.heldBytes;
  const allowedHeld = Math.max(ALWAYS_ALLOWED_BYTES, maxPixels * HELD_BYTES_A_PIXEL_ALLOWED);
  if (held > allowedHeld) {
    throw costlyError(
      `decoding this ${kind} image of ${size.width} x ${size.height} pixels needs ${toMegabytes(held)} of memory`,
      `${toMegabytes(allowedHeld)} allowed`,
      CHEAPER[kind] ?? 'Save it smaller.',
    );
  }
  const decoded = pixels * cost.bytes;
  const allowed = Math.max(ALWAYS_ALLOWED_BYTES, maxPixels * DECODED_BYTES_A_PIXEL_ALLOWED);
  if (decoded <= allowed) return;
  throw costlyError(
    `its ${size.width} x ${size.height} pixels take ${toMegabytes(decoded)} decoded (${cost.bytes} bytes each)`,
    `${toMegabytes(allowed)} allowed`,
    'Save it with 8 bits per channel, or smaller.',
  );
}

/**
 * Rows and columns cost time of their own, by decoders as by filters: 1 x 5,000,000 and 5,000,000 x 1 take seconds. In
 * pixels, for each pixel of the longer side.
 */
const LONG_SIDE_COST = 16;

/** A pixel between the two passes of resizing takes as long as two to decode. */
const RESIZE_COST = 2;
const ALWAYS_RESIZED_ROWS = 65_535; // the tallest JPEG

/**
 * @param between - See `Resizer.estimatePixels`.
 * @throws PreannotateError IMAGE_TOO_LARGE
 */
export function refuseCostlyResizing({ width, height }: Size, between: number, maxPixels: number): void {
  const pixels = between + LONG_SIDE_COST * Math.max(width, height);
  const allowed = Math.floor(maxPixels / RESIZE_COST);
  if (pixels <= allowed || Math.max(width, height) <= ALWAYS_RESIZED_ROWS) return;
  throw costlyError(
    `its shape, ${width} x ${height}, takes as long to read and resize as ${pixels} pixels`,
    `${allowed} allowed (half of --max-pixels)`,
    'Cut it into parts.',
  );
}

/** @throws PreannotateError IMAGE_TOO_LARGE */
export function refuseManyTiles(
  { width, height }: Size,
  tiles: { count: number; pixels: number },
  maxPixels: number,
): void {
  const allowed = Math.max(ALWAYS_ALLOWED_TILES, Math.floor((TILE_COST * maxPixels) / tiles.pixels));
  if (tiles.count <= allowed) return;
  throw costlyError(
    `its shape, ${width} x ${height}, makes ${tiles.count} tiles`,
    `${allowed} allowed (those of an image with as many pixels as allowed)`,
    'Cut it into parts, or use larger tiles.',
  );
}

const TILE_COST = 4; // times that a pixel may be looked at: tiles overlap, and reach beyond narrow images
const ALWAYS_ALLOWED_TILES = 64;

function costlyError(cost: string, allowed: string, advice: string): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_TOO_LARGE',
    message: `${cost}, more than the ${allowed}.`,
    hint: `${advice} Or raise --max-pixels.`,
  });
}

function toMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1e6)} MB`;
}
