import { refusedTiffError } from './refusal.js';
import type { SampleArray, SampleLayout, SampleRange, Samples } from './sample-layout.js';
import { findSampleRule } from './sample-rules.js';

/** How samples become 0 to 255: `sample * scale + offset`, cut off to a whole number. */
export interface Levels {
  readonly scale: number;
  readonly offset: number;
}

/** Depths that cameras and scanners have, and that programs store in 16 bits or more. */
const DEPTHS = [8, 10, 12, 14, 16];

/** A picture in the whole range of 31 or 32 bits has samples of this size, unless it is nearly black. */
const WHOLE_RANGE_FROM = 1 / 16;

/** Ranges of floating point that are in use. Resampling overshoots by a few per cent. */
const FLOAT_RANGES = [
  { white: 1, from: 0 },
  { white: 255, from: 64 },
  { white: 65_535, from: 16_384 },
];
const OVERSHOOT = 0.05;

/** The lowest and highest finite sample of the picture's bands; undefined without any. */
export function measureRange({ values, stride }: Samples, { bands, noData }: SampleLayout): SampleRange | undefined {
  const missing = asStored(noData, values);
  let low = Infinity;
  let high = -Infinity;
  for (const band of bands) {
    for (let i = band; i < values.length; i += stride) {
      const value = values[i]!;
      if (value === missing || value - value !== 0) continue; // NaN and infinity
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return low <= high ? { low, high } : undefined;
}

/** A missing sample, in the precision that the samples have. */
export function asStored(noData: number | undefined, values: SampleArray): number | undefined {
  return noData !== undefined && values instanceof Float32Array ? Math.fround(noData) : noData;
}

/**
 * Decides which samples are black and white, by the tags, or else by the type and the range of the samples.
 *
 * @throws PreannotateError IMAGE_UNSUPPORTED where neither says it
 */
export function chooseLevels(layout: SampleLayout, found: SampleRange | undefined): Levels {
  const { format, bits, range } = layout;
  if (format === 'unsigned' && bits === 8) return { scale: 1, offset: 0 };
  if (range !== undefined) {
    const depth = range.low === 0 ? DEPTHS.find((depth) => range.high === 2 ** depth - 1) : undefined;
    return format !== 'float' && depth !== undefined ? shiftFrom(depth) : stretch(range);
  }
  if (found === undefined) return { scale: 1, offset: 0 };
  const levels = format === 'float' ? levelsOfFloats(found) : levelsOfIntegers(layout, found);
  if (levels !== undefined) return levels;
  const [low, high] = [toText(found.low), toText(found.high)];
  throw refusedTiffError(
    `its samples are ${findSampleRule(format, bits)!.name} from ${low} to ${high}, and no tag says which are black ` +
      'and white (SMinSampleValue, SMaxSampleValue)',
    `\`gdal_translate -ot Byte -scale ${low} ${high} 0 255 in.tif out.tif\``,
  );
}

function levelsOfFloats({ low, high }: SampleRange): Levels | undefined {
  const fits = FLOAT_RANGES.find(({ white, from }) => {
    const beyond = white * OVERSHOOT;
    return high >= from && high <= white + beyond && low >= -beyond;
  });
  return fits === undefined ? undefined : stretch({ low: 0, high: fits.white });
}

function levelsOfIntegers({ format, bits }: SampleLayout, { low, high }: SampleRange): Levels | undefined {
  if (low < 0) return undefined;
  const whole = format === 'signed' ? bits - 1 : bits;
  const depth = DEPTHS.find((depth) => depth < whole && high < 2 ** depth);
  if (depth !== undefined) return shiftFrom(depth);
  return whole <= 16 || high >= 2 ** whole * WHOLE_RANGE_FROM ? shiftFrom(whole) : undefined;
}

/** Keeps the upper 8 bits, as libvips does with 16. */
function shiftFrom(depth: number): Levels {
  return depth < 8 ? stretch({ low: 0, high: 2 ** depth - 1 }) : { scale: 2 ** (8 - depth), offset: 0 };
}

function stretch({ low, high }: SampleRange): Levels {
  const scale = 255 / (high - low);
  return { scale, offset: 0.5 - low * scale };
}

function toText(value: number): string {
  return String(Number(value.toPrecision(6)));
}
