import sharp, { type SharpOptions } from 'sharp';
import { settle } from '../libvips.js';
import type { SampleArray, SampleLayout, Samples } from './sample-layout.js';

/** How the library reads a number of so many bits. Halves and pairs of 32 bits are put together here. */
const STORED = {
  8: { depth: 'uchar', array: Uint8Array, signed: Int8Array },
  16: { depth: 'ushort', array: Uint16Array, signed: Int16Array },
  32: { depth: 'uint', array: Uint32Array, signed: Int32Array },
} as const;

interface ReadOptions {
  readonly failOn: NonNullable<SharpOptions['failOn']>;
  /** Shrink to this side while reading; only where `canShrink`. */
  readonly side?: number | undefined;
}

/**
 * Reads the samples of a file that was written anew by `rewritePage`, in which libvips changes none.
 *
 * @returns undefined when libvips fails
 */
export async function readSamples(
  file: Buffer,
  layout: SampleLayout,
  options: ReadOptions,
): Promise<Samples | undefined> {
  const { width, height, format, bits } = layout;
  const isFloat = format === 'float' && bits === 32;
  const stored = STORED[Math.min(bits, 32) as keyof typeof STORED];
  const pixels = width * height * (bits === 64 ? 2 : 1);
  const { failOn, side } = options;
  const image = sharp(file, {
    failOn,
    limitInputPixels: pixels,
    limitInputChannels: 0,
    ignoreIcc: true,
    sequentialRead: true,
  });
  // A kernel that does not overshoot: white stays the highest sample.
  if (side !== undefined) image.resize({ width: side, height: side, fit: 'inside', kernel: 'linear' });
  image.toColourspace(spaceOf(layout, isFloat)).raw({ depth: isFloat ? 'float' : stored.depth });
  const decoded = await settle(image.toBuffer({ resolveWithObject: true }));
  if (decoded === undefined) return undefined;
  const { data, info } = decoded;
  const read = {
    width: bits === 64 ? width : info.width,
    height: info.height,
    stride: info.channels as number,
  };
  if (isFloat) return { ...read, values: viewAs(Float32Array, data) };
  if (format !== 'float')
    return { ...read, values: viewAs<SampleArray>(format === 'signed' ? stored.signed : stored.array, data) };
  if (bits === 16) return { ...read, values: decodeHalves(viewAs(Uint16Array, data)) };
  return { ...read, values: joinHalves(viewAs(Uint32Array, data), layout) };
}

/** The colour space that libvips gives to the rewritten page, so that nothing is converted. */
function spaceOf({ samples, bits }: SampleLayout, isFloat: boolean): string {
  if (samples <= 2) return bits === 16 ? 'grey16' : 'b-w';
  if (isFloat) return 'scrgb';
  return bits === 16 ? 'rgb16' : 'srgb';
}

interface ArrayType<Values extends SampleArray> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Values;
}

function viewAs<Values extends SampleArray>(type: ArrayType<Values>, data: Buffer): Values {
  const isAligned = data.byteOffset % type.BYTES_PER_ELEMENT === 0;
  const { buffer, byteOffset, byteLength } = isAligned ? data : new Uint8Array(data);
  return new type(buffer, byteOffset, Math.floor(byteLength / type.BYTES_PER_ELEMENT));
}

/** IEEE 754 halves as floats. */
function decodeHalves(halves: Uint16Array): Float32Array {
  const table = Float32Array.from({ length: 0x10000 }, (_, half) => decodeHalf(half));
  return Float32Array.from(halves, (half) => table[half]!);
}

function decodeHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Joins pairs of 32 bits to 64-bit floats. The file was read as if it were twice as wide: the second half of a number
 * is the next sample of its row, or of its band where bands are stored one after the other.
 */
function joinHalves(words: Uint32Array, { samples: stride, isSeparate, isLittleEndian }: SampleLayout): Float64Array {
  const joined = new Float64Array(words.length / 2);
  const pair = new Uint32Array(2);
  const number = new Float64Array(pair.buffer);
  const low = isLittleEndian ? 0 : 1; // of this machine's order, which is little-endian
  for (let i = 0; i < joined.length; i++) {
    const first = isSeparate ? i + Math.floor(i / stride) * stride : 2 * i;
    pair[low] = words[first]!;
    pair[1 - low] = words[first + (isSeparate ? stride : 1)]!;
    joined[i] = number[0]!;
  }
  return joined;
}
