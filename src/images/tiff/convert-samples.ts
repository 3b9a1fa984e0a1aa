import type { SharpOptions } from 'sharp';
import { readSamples } from './read-samples.js';
import { asStored, chooseLevels, measureRange, type Levels } from './sample-levels.js';
import { canShrink, type SampleLayout, type Samples } from './sample-layout.js';
import { PHOTOMETRIC } from './tags.js';
import { writePlainTiff } from './write-tiff.js';

interface ConvertOptions {
  readonly failOn: NonNullable<SharpOptions['failOn']>;
  readonly side?: number | undefined; // to shrink to, where that is possible while reading
}

/**
 * Converts a picture of any samples to an uncompressed TIFF file of 8 bits, which any decoder reads alike: it has the
 * orientation and the colour profile of the original.
 *
 * @param file - A copy of the original, written by `rewritePage`.
 * @returns undefined when libvips fails
 * @throws PreannotateError IMAGE_UNSUPPORTED where it is unknown which samples are black and white
 */
export async function convertSamples(
  file: Buffer,
  layout: SampleLayout,
  options: ConvertOptions,
): Promise<Buffer | undefined> {
  const side = canShrink(layout) ? options.side : undefined;
  const samples = await readSamples(file, layout, { ...options, side });
  if (samples === undefined) return undefined;
  const levels = chooseLevels(layout, layout.range === undefined ? measureRange(samples, layout) : undefined);
  const { width, height } = samples;
  const { orientation, icc, colours } = layout;
  const pixels = toBytes(samples, layout, levels);
  const isGrey = layout.bands.length === 1;
  const picture = { width, height, orientation, icc, samples: isGrey ? 1 : 3 } as const;
  if (colours === 'lab') return writePlainTiff({ ...picture, pixels: widenLab(pixels), photometric: PHOTOMETRIC.lab });
  if (colours === 'ycbcr') convertYcbcr(pixels);
  return writePlainTiff({ ...picture, pixels, photometric: isGrey ? PHOTOMETRIC.blackIsZero : PHOTOMETRIC.rgb });
}

/** The picture's bands as 8 bits, `[height, width, bands]`. Missing samples are black. */
function toBytes(
  { values, stride, width, height }: Samples,
  layout: SampleLayout,
  { scale, offset }: Levels,
): Uint8Array {
  const { bands, isWhiteZero } = layout;
  const missing = asStored(layout.noData, values);
  const count = bands.length;
  const bytes = new Uint8Array(width * height * count);
  const flip = isWhiteZero ? 255 : 0;
  for (let band = 0; band < count; band++) {
    for (let from = bands[band]!, to = band; to < bytes.length; from += stride, to += count) {
      const sample = values[from]!;
      if (sample === missing || sample !== sample) continue;
      const value = sample * scale + offset;
      bytes[to] = (value <= 0 ? 0 : value >= 255 ? 255 : value) ^ flip;
    }
  }
  return bytes;
}

/** CIELab of 8 bits as CIELab of 16, which libvips converts: a and b are signed. */
function widenLab(bytes: Uint8Array): Uint16Array {
  return Uint16Array.from(bytes, (value, i) => (i % 3 === 0 ? value * 257 : value << 8));
}

/** YCbCr to RGB, in place, as in JPEG (JFIF 1.02). */
function convertYcbcr(bytes: Uint8Array): void {
  const rgb = new Uint8ClampedArray(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const y = rgb[i]!;
    const cb = rgb[i + 1]! - 128;
    const cr = rgb[i + 2]! - 128;
    rgb[i] = y + 1.402 * cr;
    rgb[i + 1] = y - 0.344_136 * cb - 0.714_136 * cr;
    rgb[i + 2] = y + 1.772 * cb;
  }
}
