import type { Size } from '../../core/box.js';
import type { PixelCost } from '../decode-cost.js';
import type { SampleFormat } from './sample-rules.js';

/** The samples of a picture, by the tags of its file. */
export interface SampleLayout {
  readonly width: number;
  readonly height: number;
  readonly format: SampleFormat;
  readonly bits: number; // 8, 16, 32 or 64
  readonly samples: number; // bands in the file
  readonly bands: readonly number[]; // those that are the picture, from 0: one, or red, green and blue
  readonly isWhiteZero: boolean;
  readonly colours: 'greyOrRgb' | 'lab' | 'ycbcr'; // what the bands are
  readonly isSeparate: boolean; // one band after the other (PlanarConfiguration 2)
  readonly isLittleEndian: boolean;
  readonly orientation: number; // 1 to 8, as in EXIF
  readonly icc: Buffer | undefined;
  readonly range: SampleRange | undefined; // black and white, where the file has the tags
  readonly noData: number | undefined; // stands for a missing sample
}

/** The lowest and the highest sample. */
export interface SampleRange {
  readonly low: number;
  readonly high: number;
}

/** Samples as numbers: pixel by pixel, `stride` bands each. */
export interface Samples {
  readonly values: SampleArray;
  readonly stride: number;
  readonly width: number;
  readonly height: number;
}

export type SampleArray =
  Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array | Float32Array | Float64Array;

/** The size of the picture when it is upright. */
export function uprightSize({ width, height, orientation }: SampleLayout): Size {
  return orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
}

/** Whether a picture can be made smaller while it is read: its numbers are what libvips takes them for. */
export function canShrink({ format, bits, samples }: SampleLayout): boolean {
  const isNumber = format === 'unsigned' ? bits <= 32 : format === 'float' && bits === 32;
  return isNumber && (samples === 1 || samples === 3);
}

/**
 * What the samples of a picture cost in memory: all of them are held until they have 8 bits.
 *
 * @param fullSizePixels - A larger picture is made smaller while it is read, where it can be.
 */
export function costOfSamples(layout: SampleLayout, fullSizePixels: number): PixelCost {
  const bytes = (layout.samples * layout.bits) / 8;
  const isShrunk = layout.width * layout.height > fullSizePixels && canShrink(layout);
  return { bytes, heldBytes: isShrunk ? 0 : bytes + 3 };
}
