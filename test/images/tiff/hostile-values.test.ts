import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeDamage } from '../../../src/images/damage/describe-damage.js';
import { decodeImage } from '../../../src/images/decode.js';
import { inspectTiff } from '../../../src/images/tiff/inspect.js';
import { numbersOf, readPages } from '../../../src/images/tiff/read-pages.js';
import { TAG } from '../../../src/images/tiff/tags.js';
import { rewritePage } from '../../../src/images/tiff/write-tiff.js';
import { FIXTURES } from '../../support/model/golden.js';

const LIMITS = { maxPixels: 268_402_689, strict: false };
const SUB_DIRECTORIES = 330;
const TYPES = { short: 3, long: 4, slong: 9, srational: 10, float: 11 } as const;

interface Field {
  readonly type: number;
  readonly count?: number;
  readonly value: number | Buffer; // the 4 bytes of the entry
}

const float = (value: number): Field => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return { type: TYPES.float, value: bytes };
};
const long = (value: number): Field => ({ type: TYPES.long, value });
const slong = (value: number): Field => ({ type: TYPES.slong, value: value >>> 0 });
const short = (value: number): Field => ({ type: TYPES.short, value });

/** A little-endian directory. */
function directory(fields: Readonly<Record<number, Field>>, next = 0): Buffer {
  const entries = Object.entries(fields);
  const bytes = Buffer.alloc(2 + entries.length * 12 + 4);
  bytes.writeUInt16LE(entries.length);
  for (const [i, [tag, { type, count = 1, value }]] of entries.entries()) {
    const at = 2 + i * 12;
    bytes.writeUInt16LE(Number(tag), at);
    bytes.writeUInt16LE(type, at + 2);
    bytes.writeUInt32LE(count, at + 4);
    if (typeof value === 'number') bytes.writeUInt32LE(value, at + 8);
    else value.copy(bytes, at + 8);
  }
  bytes.writeUInt32LE(next, bytes.length - 4);
  return bytes;
}

const tiff = (...parts: Buffer[]) => Buffer.concat([Buffer.from('II*\0\x08\0\0\0', 'latin1'), ...parts]);

/** An uncompressed grey picture of 2 x 2 samples of 16 bits, with fields of its own. */
function picture(fields: Readonly<Record<number, Field>>): Buffer {
  const all = {
    [TAG.width]: long(2),
    [TAG.height]: long(2),
    [TAG.bits]: short(16),
    [TAG.compression]: short(1),
    [TAG.photometric]: short(1),
    [TAG.stripOffsets]: long(0),
    [TAG.samples]: short(1),
    [TAG.rowsPerStrip]: short(2),
    [TAG.stripBytes]: long(8),
    ...fields,
  };
  const { length } = tiff(directory(all));
  return Buffer.concat([tiff(directory({ ...all, [TAG.stripOffsets]: long(length) })), Buffer.alloc(8, 1)]);
}

const failure = (bytes: Buffer) => decodeImage(bytes, LIMITS).catch((error: unknown) => error);

describe('directories that overlap', () => {
  it('are no more than 32 with those that are listed inside a page', () => {
    const page = directory({ [TAG.width]: long(10) });
    const listAt = 8 + directory({ [SUB_DIRECTORIES]: long(0) }).length;
    const first = listAt + 200 * 4;
    const list = Buffer.alloc(200 * 4);
    for (let i = 0; i < 200; i++) list.writeUInt32LE(first + i * page.length, i * 4);
    const main = directory({ [SUB_DIRECTORIES]: { ...long(listAt), count: 200 } });
    const pages = readPages(tiff(main, list, ...Array.from({ length: 200 }, () => page)));
    expect(pages?.main).toHaveLength(1);
    expect(pages?.nested).toHaveLength(31);
  });

  it('have at most 65,536 fields together', () => {
    const fields = 4000;
    const listAt = 8 + directory({ [SUB_DIRECTORIES]: long(0) }).length;
    const from = listAt + 31 * 4;
    const list = Buffer.alloc(31 * 4);
    for (let i = 0; i < 31; i++) list.writeUInt32LE(from + i * 2, i * 4);
    const main = directory({ [SUB_DIRECTORIES]: { ...long(listAt), count: 31 } });
    // Each begins 2 bytes behind the one before, with its count.
    const overlapping = Buffer.alloc(31 * 2 + fields * 12 + 4);
    for (let i = 0; i < 31; i++) overlapping.writeUInt16LE(fields, i * 2);
    expect(readPages(tiff(main, list, overlapping))?.nested).toHaveLength(16);
  });
});

describe('the places of nested directories', () => {
  it.each([
    ['negative', slong(-20)],
    ['a fraction', float(8.5)],
    ['infinite', float(Infinity)],
    ['not a number', float(NaN)],
    ['a signed fraction', { type: TYPES.srational, value: 8 }],
  ])('are ignored where they are %s', (_, field) => {
    const bytes = tiff(directory({ [SUB_DIRECTORIES]: field }), Buffer.alloc(8));
    expect(numbersOf(readPages(bytes)!.main[0]!, SUB_DIRECTORIES)).toHaveLength(1);
    expect(readPages(bytes)).toMatchObject({ main: [{ at: 8 }], nested: [] });
  });
});

describe('the tags of a picture', () => {
  it('are those of a picture here, where nothing is changed', async () => {
    await expect(decodeImage(picture({}), LIMITS)).resolves.toMatchObject({ width: 2, height: 2 });
  });

  it.each([
    ['no', short(0)],
    ['65,536', long(65_536)],
    ['4,294,967,295', long(0xffffffff)],
    ['minus one', slong(-1)],
    ['one and a half', float(1.5)],
    ['an unknown number of', float(NaN)],
  ])('that claim %s samples for a pixel are refused', async (_, samples) => {
    const bytes = picture({ [TAG.samples]: samples });
    expect(inspectTiff(bytes)).toMatchObject({ kind: 'refused', error: { code: 'IMAGE_UNDECODABLE' } });
    expect(await failure(bytes)).toMatchObject({ message: expect.stringMatching(/SamplesPerPixel/) });
  });

  it.each([TAG.width, TAG.height])('that claim no whole number for side %i are damage', async (tag) => {
    for (const side of [float(NaN), float(Infinity), float(2.5), slong(-2), { type: TYPES.srational, value: 8 }]) {
      const bytes = picture({ [tag]: side });
      expect(inspectTiff(bytes)).toBeUndefined();
      expect(await failure(bytes)).toMatchObject({ code: 'IMAGE_UNDECODABLE' });
    }
  });

  it.each([long(70_000), slong(-1), float(NaN), short(9)])(
    'that claim an unknown orientation are those of an upright picture',
    async (orientation) => {
      const bytes = picture({ [TAG.orientation]: orientation });
      expect(inspectTiff(bytes)).toMatchObject({ kind: 'measured', layout: { orientation: 1 } });
      expect(await failure(bytes)).not.toBeInstanceOf(RangeError);
    },
  );

  it.each([long(0xffffffff), slong(-16), float(NaN)])('that claim impossible tiles are damage', async (tileWidth) => {
    const bytes = readFileSync(join(FIXTURES, 'tiff/double-rgb-tiles-big-endian.tif'));
    const { entryAt } = readPages(bytes)!.main[0]!.fields.get(TAG.tileWidth)!;
    const value = typeof tileWidth.value === 'number' ? tileWidth.value : tileWidth.value.readUInt32LE();
    bytes.writeUInt16BE(tileWidth.type, entryAt + 2);
    bytes.writeUInt32BE(value, entryAt + 8);
    expect(await failure(bytes)).toMatchObject({ code: 'IMAGE_UNDECODABLE' });
  });
});

describe('long lists', () => {
  it('are written without a limit of arguments', () => {
    const page = readPages(picture({}))!.main[0]!;
    const changed = rewritePage(page, new Map([[TAG.bits, Array<number>(300_000).fill(16)]]));
    expect(readPages(changed)!.main[0]!.fields.get(TAG.bits)).toMatchObject({ type: TYPES.short, count: 300_000 });
  });

  it('of parts of the picture are looked at up to a million', () => {
    const count = 1_000_001;
    const list = { ...long(8 + 2 + 2 * 12 + 4), count };
    const bytes = tiff(directory({ [TAG.stripOffsets]: list, [TAG.stripBytes]: list }), Buffer.alloc(count * 4, 0xff));
    expect(describeDamage(bytes, 'TIFF', { decodes: false }).reason).toBe(
      'it is cut short in its picture data (1000000 of the first 1000000 parts are beyond the end)',
    );
  });
});
