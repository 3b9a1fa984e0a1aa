import type { Size } from '../core/box.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import { expandRunLengths } from './bmp-runs.js';
import type { DecodedImage } from './decoded-image.js';

const FILE_HEADER_BYTES = 14;
const OLD_HEADER_BYTES = 12; // BITMAPCOREHEADER, of OS/2
const SMALLEST_HEADER_BYTES = FILE_HEADER_BYTES + OLD_HEADER_BYTES;
const NEW_HEADER_BYTES = 40; // BITMAPINFOHEADER; those that came later begin like it
const MASKS_AT = FILE_HEADER_BYTES + NEW_HEADER_BYTES;

/** Values of the compression field. Others stand for JPEG, PNG and fax, in printers only. */
const COMPRESSION = { none: 0, runs8: 1, runs4: 2, masks: 3, masksWithAlpha: 6 } as const;

/** Where red, green and blue are in a pixel of 16 or 32 bits, unless the file has masks of its own. */
const DEFAULT_MASKS: Readonly<Record<number, Masks>> = {
  16: [0x7c00, 0x03e0, 0x001f],
  32: [0xff0000, 0x00ff00, 0x0000ff],
};

type Masks = readonly [red: number, green: number, blue: number];

interface BmpHeader extends Size {
  readonly rowsFromTop: boolean;
  readonly bits: number; // per pixel
  readonly compression: number;
  readonly headerBytes: number; // without the file header
  readonly colours: number; // in the palette, according to the header; 0: as many as the bits allow
  readonly pixelsAt: number;
}

/** Rows of packed pixels: in the file itself, or expanded from run lengths. */
interface PackedRows {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly rowBytes: number;
  readonly bits: number;
}

/** The size given in the header; undefined when the header is incomplete. */
export function readBmpSize(bytes: Buffer): Size | undefined {
  if (bytes.length < SMALLEST_HEADER_BYTES) return undefined;
  const isOld = bytes.readUInt32LE(14) === OLD_HEADER_BYTES;
  const width = isOld ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const height = isOld ? bytes.readUInt16LE(20) : Math.abs(bytes.readInt32LE(22)); // negative: rows from the top
  return { width, height };
}

/**
 * Decodes a Windows or OS/2 bitmap, which libvips cannot: 1 to 32 bits per pixel, run lengths, palettes, bit masks.
 * Allocates no more than the file can fill. (The npm packages for BMP are slow, and silently misread some variants.)
 *
 * @throws PreannotateError IMAGE_UNDECODABLE
 */
export function decodeBmp(bytes: Buffer): DecodedImage {
  try {
    const header = readBmpHeader(bytes);
    const { width, height } = header;
    const packed = unpackRows(bytes, header);
    const pixels = new Uint8Array(width * height * 3);
    const decodeRow = makeRowDecoder(bytes, header, { packed, pixels });
    for (let row = 0; row < height; row++) {
      const y = header.rowsFromTop ? row : height - 1 - row;
      decodeRow(packed.at + row * packed.rowBytes, y * width * 3);
    }
    return { width, height, original: { width, height }, pixels };
  } catch (error) {
    throw undecodableBmpError(messageOf(error), error);
  }
}

function readBmpHeader(bytes: Buffer): BmpHeader {
  const size = readBmpSize(bytes);
  if (size === undefined || size.width <= 0 || size.height <= 0) throw new RangeError('its header is damaged');
  const headerBytes = bytes.readUInt32LE(14);
  const pixelsAt = bytes.readUInt32LE(10);
  const end = FILE_HEADER_BYTES + headerBytes;
  if (end > pixelsAt || end > bytes.length) throw new RangeError('its header is damaged');
  const isOld = headerBytes === OLD_HEADER_BYTES;
  if (!isOld && headerBytes < NEW_HEADER_BYTES)
    throw new RangeError(`its header has an unsupported size (${headerBytes})`);
  return {
    ...size,
    headerBytes,
    rowsFromTop: !isOld && bytes.readInt32LE(22) < 0,
    bits: bytes.readUInt16LE(isOld ? 24 : 28),
    compression: isOld ? COMPRESSION.none : bytes.readUInt32LE(30),
    colours: isOld ? 0 : bytes.readUInt32LE(46),
    pixelsAt,
  };
}

function unpackRows(bytes: Buffer, { width, height, bits, compression, pixelsAt }: BmpHeader): PackedRows {
  const { none, runs8, runs4, masks, masksWithAlpha } = COMPRESSION;
  const hasRuns = (compression === runs8 && bits === 8) || (compression === runs4 && bits === 4);
  if (hasRuns) {
    const indices = expandRunLengths(bytes, { at: pixelsAt, width, height, bits });
    return { bytes: indices, at: 0, rowBytes: width, bits: 8 };
  }
  const hasMasks = (compression === masks || compression === masksWithAlpha) && bits in DEFAULT_MASKS;
  if (![1, 2, 4, 8, 16, 24, 32].includes(bits) || !(compression === none || hasMasks)) {
    throw new RangeError(`${bits} bits a pixel with compression ${compression} are not supported`);
  }
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const lastRowBytes = Math.ceil((width * bits) / 8); // its padding may be missing
  if (pixelsAt + rowBytes * (height - 1) + lastRowBytes > bytes.length) throw new RangeError('it is cut short');
  return { bytes, at: pixelsAt, rowBytes, bits };
}

/** @returns A function that decodes the row at `from` in the packed rows to the RGB row at `to` in `pixels`. */
function makeRowDecoder(
  bytes: Buffer,
  header: BmpHeader,
  { packed, pixels }: { packed: PackedRows; pixels: Uint8Array },
): (from: number, to: number) => void {
  const end = (to: number) => to + header.width * 3;
  if (header.bits <= 8) return makeIndexedRowDecoder(packed, { palette: readPalette(bytes, header), pixels, end });
  if (header.bits === 24) {
    return (from, to) => {
      for (const last = end(to); to < last; from += 3, to += 3) {
        pixels[to] = bytes[from + 2]!;
        pixels[to + 1] = bytes[from + 1]!;
        pixels[to + 2] = bytes[from]!;
      }
    };
  }
  const [red, green, blue] = readMasks(bytes, header).map(makeChannelReader) as [
    ChannelReader,
    ChannelReader,
    ChannelReader,
  ];
  const step = header.bits / 8;
  return (from, to) => {
    for (const last = end(to); to < last; from += step, to += 3) {
      const low = bytes[from]! | (bytes[from + 1]! << 8);
      const pixel = step === 2 ? low : (low | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24)) >>> 0;
      pixels[to] = red(pixel);
      pixels[to + 1] = green(pixel);
      pixels[to + 2] = blue(pixel);
    }
  };
}

function makeIndexedRowDecoder(
  { bytes, bits }: PackedRows,
  { palette, pixels, end }: { palette: Uint8Array; pixels: Uint8Array; end: (to: number) => number },
) {
  const highest = 2 ** bits - 1;
  return (from: number, to: number) => {
    const last = end(to);
    for (let bit = 0; to < last; bit += bits, to += 3) {
      const index = (bytes[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & highest;
      pixels[to] = palette[index * 3]!;
      pixels[to + 1] = palette[index * 3 + 1]!;
      pixels[to + 2] = palette[index * 3 + 2]!;
    }
  };
}

/** RGB of every index; black where the palette has no entry. */
function readPalette(bytes: Buffer, { headerBytes, bits, colours, pixelsAt }: BmpHeader): Uint8Array {
  const at = FILE_HEADER_BYTES + headerBytes;
  const entryBytes = headerBytes === OLD_HEADER_BYTES ? 3 : 4;
  const room = Math.max(0, Math.floor((Math.min(pixelsAt, bytes.length) - at) / entryBytes));
  const count = Math.min(colours === 0 ? 2 ** bits : colours, 2 ** bits, room);
  const palette = new Uint8Array(256 * 3);
  for (let i = 0; i < count; i++) {
    const from = at + i * entryBytes;
    palette.set([bytes[from + 2]!, bytes[from + 1]!, bytes[from]!], i * 3);
  }
  return palette;
}

function readMasks(bytes: Buffer, { bits, compression }: BmpHeader): Masks {
  if (compression === COMPRESSION.none) return DEFAULT_MASKS[bits]!;
  return [bytes.readUInt32LE(MASKS_AT), bytes.readUInt32LE(MASKS_AT + 4), bytes.readUInt32LE(MASKS_AT + 8)];
}

type ChannelReader = (pixel: number) => number;

/** @returns A function that extracts the bits of a mask from a pixel and scales them to 0–255. */
function makeChannelReader(mask: number): ChannelReader {
  if (mask === 0) return () => 0;
  const shift = 31 - Math.clz32(mask & -mask);
  const highest = mask >>> shift;
  if (highest === 255) return (pixel) => (pixel >>> shift) & 255;
  return (pixel) => Math.round((((pixel & mask) >>> shift) * 255) / highest);
}

function undecodableBmpError(reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'IMAGE_UNDECODABLE',
      message: `the BMP image cannot be decoded: ${reason}.`,
      hint: 'It is damaged, or a rare variant. Save it as PNG.',
    },
    cause,
  );
}
