import { encode } from 'bmp-ts';
import { describe, expect, it } from 'vitest';
import { readBmpSize } from '../../src/images/bmp.js';
import { decodeImage } from '../../src/images/decode.js';

const LIMITS = { maxPixels: 1_000_000, strict: false };
const WIDTH = 5; // odd, so that rows need padding and a byte is shared by two pixels
const HEIGHT = 4;
const PALETTE: readonly (readonly [red: number, green: number, blue: number])[] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

/** Which of the four colours a pixel has; all neighbours differ. */
function colourAt(x: number, y: number): number {
  return (x * 3 + y * 2 + (y >> 1)) % 4;
}

interface Kind {
  readonly bits: number;
  readonly headerBytes?: number;
  readonly compression?: number;
  readonly topDown?: boolean;
  readonly gapBytes?: number; // between palette and pixels
  readonly colours?: number; // of the palette, stated
  readonly masks?: readonly number[];
  readonly data?: readonly number[]; // instead of the packed picture
}

/** A bitmap written by the book, independently of the decoder. */
function bitmap(kind: Kind): Buffer {
  const { bits, headerBytes = 40, gapBytes = 0, colours, masks = [] } = kind;
  const isOld = headerBytes === 12;
  const entries = bits > 8 ? [] : Array.from({ length: colours ?? 2 ** bits }, (_, i) => PALETTE[i] ?? [9, 9, 9]);
  const palette = Buffer.from(entries.flatMap(([r, g, b]) => (isOld ? [b, g, r] : [b, g, r, 0])));
  const maskBytes = Buffer.alloc(masks.length * 4);
  masks.forEach((mask, i) => maskBytes.writeUInt32LE(mask, i * 4));
  const data = kind.data === undefined ? packed(kind) : Buffer.from(kind.data);
  const header = Buffer.alloc(14 + headerBytes);
  const pixelsAt = header.length + maskBytes.length + palette.length + gapBytes;
  header.write('BM');
  header.writeUInt32LE(pixelsAt + data.length, 2);
  header.writeUInt32LE(pixelsAt, 10);
  header.writeUInt32LE(headerBytes, 14);
  if (isOld) [WIDTH, HEIGHT, 1, bits].forEach((value, i) => header.writeUInt16LE(value, 18 + i * 2));
  else {
    header.writeInt32LE(WIDTH, 18);
    header.writeInt32LE(kind.topDown === true ? -HEIGHT : HEIGHT, 22);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(bits, 28);
    header.writeUInt32LE(kind.compression ?? 0, 30);
    header.writeUInt32LE(colours ?? 0, 46);
  }
  return Buffer.concat([header, maskBytes, palette, Buffer.alloc(gapBytes, 0xaa), data]);
}

/** Rows of pixels, each filled up to whole words. */
function packed({
  bits,
  topDown = false,
  masks = bits === 16 ? [0x7c00, 0x3e0, 0x1f] : [0xff0000, 0xff00, 0xff],
}: Kind) {
  const rowBytes = Math.ceil((WIDTH * bits) / 32) * 4;
  const data = Buffer.alloc(rowBytes * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    const row = (topDown ? y : HEIGHT - 1 - y) * rowBytes;
    for (let x = 0; x < WIDTH; x++) {
      const colour = colourAt(x, y);
      if (bits <= 8) data[row + ((x * bits) >> 3)]! |= (colour % 2 ** bits) << (8 - bits - ((x * bits) & 7));
      else {
        const value = PALETTE[colour]!.reduce((sum, level, i) => sum + (level === 255 ? masks[i]! : 0), 0);
        data.writeUIntLE(value, row + (x * bits) / 8, bits / 8);
      }
    }
  }
  return data;
}

async function coloursOf(bytes: Buffer): Promise<(readonly number[])[]> {
  const { pixels, width, height } = await decodeImage(bytes, LIMITS);
  expect([width, height]).toEqual([WIDTH, HEIGHT]);
  return Array.from({ length: WIDTH * HEIGHT }, (_, i) => [...pixels.subarray(i * 3, i * 3 + 3)]);
}

function expected(colours = 4): (readonly number[])[] {
  return Array.from(
    { length: WIDTH * HEIGHT },
    (_, i) => PALETTE[colourAt(i % WIDTH, Math.floor(i / WIDTH)) % colours]!,
  );
}

describe('a BMP', () => {
  it.each<[string, Kind]>([
    ['1 bit', { bits: 1 }],
    ['2 bits', { bits: 2 }],
    ['4 bits', { bits: 4 }],
    ['8 bits', { bits: 8 }],
    ['8 bits and a short palette', { bits: 8, colours: 4 }],
    ['8 bits, rows from the top', { bits: 8, topDown: true }],
    ['8 bits and a gap before the pixels', { bits: 8, gapBytes: 6 }],
    ['16 bits', { bits: 16 }],
    ['16 bits with 5, 6 and 5 for red, green and blue', { bits: 16, compression: 3, masks: [0xf800, 0x7e0, 0x1f] }],
    ['24 bits', { bits: 24 }],
    ['24 bits, rows from the top', { bits: 24, topDown: true }],
    ['24 bits and a gap before the pixels', { bits: 24, gapBytes: 10 }],
    ['32 bits', { bits: 32 }],
    ['32 bits in the order RGBA', { bits: 32, compression: 3, masks: [0xff, 0xff00, 0xff0000] }],
    ['32 bits, of which 10 for a colour', { bits: 32, compression: 3, masks: [0x3ff00000, 0xffc00, 0x3ff] }],
    ['a V4 header', { bits: 24, headerBytes: 108 }],
    ['a V5 header', { bits: 24, headerBytes: 124 }],
    ['an OS/2 header and 24 bits', { bits: 24, headerBytes: 12 }],
    ['an OS/2 header and 8 bits', { bits: 8, headerBytes: 12 }],
    ['an OS/2 header, version 2', { bits: 4, headerBytes: 64 }],
  ])('with %s is read', async (_what, kind) => {
    expect(await coloursOf(bitmap(kind))).toEqual(expected(Math.min(4, 2 ** kind.bits)));
  });

  it.each([16, 24, 32] as const)('of %i bits written by another program is decoded', async (bitPP) => {
    const abgr = Buffer.from(expected().flatMap(([r, g, b]) => [255, b!, g!, r!]));
    const { data } = encode({ data: abgr, bitPP, width: WIDTH, height: HEIGHT });
    expect(await coloursOf(Buffer.from(data))).toEqual(expected());
  });

  it('with 8-bit run lengths is decoded: runs, single pixels, skips, and ends of rows', async () => {
    const data = [
      [3, 1, 0, 0], // a run; the rest of the row is passed over
      [0, 3, 0, 1, 2, 0, 2, 3, 0, 0], // three pixels one by one, filled up to a word, then a run
      [0, 2, 2, 1], // two to the right, one row up
      [9, 2, 0, 1], // more than fits: dropped
    ].flat();
    const rows = [
      [0, 0, 2, 2, 2], // the picture's first row is the file's last
      [0, 0, 0, 0, 0],
      [0, 1, 2, 3, 3],
      [1, 1, 1, 0, 0],
    ];
    const colours = await coloursOf(bitmap({ bits: 8, compression: 1, data }));
    expect(colours).toEqual(rows.flat().map((index) => PALETTE[index]));
  });

  it('with 4-bit run lengths is decoded: the pixels of a byte alternate', async () => {
    const data = [5, 0x12, 0, 0, 0, 5, 0x01, 0x23, 0x10, 0, 0, 0, 5, 0x33, 0, 0, 5, 0x00, 0, 1];
    const rows = [
      [0, 0, 0, 0, 0],
      [3, 3, 3, 3, 3],
      [0, 1, 2, 3, 1],
      [1, 2, 1, 2, 1],
    ];
    const colours = await coloursOf(bitmap({ bits: 4, compression: 2, data }));
    expect(colours).toEqual(rows.flat().map((index) => PALETTE[index]));
  });

  it('is black where an index is not in its palette', async () => {
    const colours = await coloursOf(bitmap({ bits: 8, colours: 2 }));
    expect(colours).toEqual(
      expected().map((colour) => (colour === PALETTE[0] || colour === PALETTE[1] ? colour : [0, 0, 0])),
    );
  });

  it('truncated anywhere before the padding of its last row is refused', async () => {
    for (const kind of [{ bits: 4 }, { bits: 24 }, { bits: 8, compression: 1, data: [5, 0, 0, 0, 5, 0, 0, 0] }]) {
      const whole = bitmap(kind);
      for (let length = 2; length < whole.length - 1; length++) {
        const error: unknown = await decodeImage(whole.subarray(0, length), LIMITS).catch((thrown: unknown) => thrown);
        expect(error, `${kind.bits} bits, ${length} bytes`).toMatchObject({ code: 'IMAGE_UNDECODABLE' });
      }
    }
    const whole = bitmap({ bits: 24 }); // 15 bytes a row, and one to fill it up
    expect(await coloursOf(whole.subarray(0, -1))).toEqual(expected());
  });

  it.each<[string, (bytes: Buffer) => void, string, RegExp]>([
    ['claims to be huge', (bytes) => bytes.fill(0x7f, 18, 26), 'IMAGE_TOO_LARGE', /pixels/],
    ['claims more pixels than it has', (bytes) => bytes.writeInt32LE(100_000, 18), 'IMAGE_UNDECODABLE', /cut short/],
    ['has no width', (bytes) => bytes.writeInt32LE(0, 18), 'IMAGE_UNDECODABLE', /header/],
    ['has a negative width', (bytes) => bytes.writeInt32LE(-5, 18), 'IMAGE_UNDECODABLE', /header/],
    ['has its pixels in its header', (bytes) => bytes.writeUInt32LE(20, 10), 'IMAGE_UNDECODABLE', /header/],
    [
      'has a header of an unsupported size',
      (bytes) => bytes.writeUInt32LE(13, 14),
      'IMAGE_UNDECODABLE',
      /unsupported size/,
    ],
    ['has 7 bits a pixel', (bytes) => bytes.writeUInt16LE(7, 28), 'IMAGE_UNDECODABLE', /7 bits/],
    ['holds a JPEG', (bytes) => bytes.writeUInt32LE(4, 30), 'IMAGE_UNDECODABLE', /compression 4/],
  ])('that %s is refused', async (_what, damage, code, message) => {
    const bytes = bitmap({ bits: 8 });
    damage(bytes);
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('that claims more pixels than its run lengths can fill is refused before they are expanded', async () => {
    const bytes = bitmap({ bits: 8, compression: 1, data: [5, 0, 0, 1] });
    bytes.writeInt32LE(900_000, 18);
    bytes.writeInt32LE(1, 22);
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({ message: expect.stringContaining('cut short') });
  });

  it('has its upright size in its header, also where rows begin at the top', () => {
    expect(readBmpSize(bitmap({ bits: 24, topDown: true }))).toEqual({ width: WIDTH, height: HEIGHT });
    expect(readBmpSize(bitmap({ bits: 24, headerBytes: 12 }))).toEqual({ width: WIDTH, height: HEIGHT });
    expect(readBmpSize(Buffer.from('BM'))).toBeUndefined();
  });
});
