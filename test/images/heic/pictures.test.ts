import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, readHeader } from '../../../src/images/decode.js';
import { readHeaderSize } from '../../../src/images/header-size.js';
import { sniff } from '../../../src/images/sniff.js';
import { SCENES } from '../../support/cli.js';
import { box, clap, composeHeif, gridOfQuarters, irot, quarter, QUARTER, rangeOf } from '../../support/heif/compose.js';
import { temporaryFolder } from '../../support/temporary.js';
import { withoutPackage } from '../../support/system/without-package.js';

const LIMITS = { maxPixels: 1e6, strict: false };
const SCENE = await readFile(join(SCENES, 'scene-01.jpg'));
const GRID = gridOfQuarters();
const PHOTO = composeHeif(GRID, { primary: GRID.length });

/** The picture that a quarter was made of. */
const quarterOf = (which: number) =>
  sharp(SCENE).extract({ left: (which % 2) * QUARTER.width, top: Math.floor(which / 2) * QUARTER.height, ...QUARTER });

const rawOf = (picture: Sharp) => picture.raw().toBuffer();

/** The mean difference of two images, of 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

/** What data sets and `validate` take for the size. */
async function headerSizeOf(bytes: Buffer): Promise<unknown> {
  const path = join(await temporaryFolder(), 'a.heic');
  await writeFile(path, bytes);
  return await readHeaderSize(path);
}

/** The file with some bytes of an item replaced. */
function damage(change: (data: Buffer) => void, item: number): Buffer {
  const bytes = Buffer.from(PHOTO);
  const { from, to } = rangeOf(GRID, item, bytes);
  change(bytes.subarray(from, to));
  return bytes;
}

/** Turned by its container, as phones store it; its EXIF orientation is what the camera was held like. */
function turnedTwice(): Buffer {
  const tiff = Buffer.from('MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0', 'latin1');
  const exif = { type: 'Exif', data: Buffer.concat([Buffer.alloc(4), tiff]), properties: [], describes: 1 };
  return composeHeif([quarter(1, irot(3)), exif], { primary: 1 });
}

describe('a HEIC file is read as the picture that it is made to show:', () => {
  it.each([
    ['the second of two', composeHeif([quarter(0), quarter(3)], { primary: 2 }), quarterOf(3)],
    ['a second one, turned', composeHeif([quarter(0), quarter(3, irot(3))], { primary: 2 }), quarterOf(3).rotate(90)],
    [
      'one that is mirrored',
      composeHeif([quarter(1, box('imir', Buffer.from([1])))], { primary: 1 }),
      quarterOf(1).flop(),
    ],
    ['a grid of tiles', PHOTO, sharp(SCENE)],
    [
      'a smaller one beside a larger one',
      composeHeif([...GRID, quarter(3, irot(1))], { primary: 6 }),
      quarterOf(3).rotate(270),
    ],
    [
      'one that is cropped',
      composeHeif([quarter(2, clap(100, 80))], { primary: 1 }),
      sharp(SCENE).extract({ left: 30, top: 140, width: 100, height: 80 }),
    ],
    ['one whose EXIF orientation says again how it is turned', turnedTwice(), quarterOf(1).rotate(90)],
    ['a grid that is turned', composeHeif(gridOfQuarters(irot(3)), { primary: GRID.length }), sharp(SCENE).rotate(90)],
  ])('%s', async (_what, bytes, expected) => {
    const image = await decodeImage(bytes, LIMITS);
    const { data, info } = await expected.raw().toBuffer({ resolveWithObject: true });
    expect(image).toMatchObject({ width: info.width, height: info.height });
    const size = { width: info.width, height: info.height };
    expect((await readHeader(bytes)).size).toEqual(size);
    expect(await headerSizeOf(bytes)).toEqual(size);
    expect(image.degraded).toBeUndefined();
    expect(difference(image.pixels, data)).toBeLessThan(3);
  });
});

describe('a picture that is cropped to what it cannot be', () => {
  it.each([
    ['divided by zero', clap(100, 80, 0)],
    ['zero divided by zero', clap(0, 0, 0)],
    ['of no width', clap(0, 80)],
    ['of half a pixel at most', clap(100, 1, 3)],
    ['wider than it is', clap(QUARTER.width + 1, 80)],
    ['of a negative width', clap(2 ** 32 - 16, 80)],
  ])('%s, has no size', async (_what, crop) => {
    expect(await headerSizeOf(composeHeif([quarter(2, crop)], { primary: 1 }))).toBeUndefined();
  });

  it('has the size of its crop where that is a fraction', async () => {
    const bytes = composeHeif([quarter(2, clap(301, 240, 3))], { primary: 1 });
    expect(await headerSizeOf(bytes)).toEqual({ width: 100, height: 80 });
  });

  it('is not turned by a box without an angle', async () => {
    const bytes = composeHeif([quarter(2, box('irot'))], { primary: 1 });
    expect(await headerSizeOf(bytes)).toEqual(QUARTER);
  });
});

describe('damage in a HEIC file', () => {
  const middle = (data: Buffer) => data.fill(0, 1000, 1100);
  it.each([
    ['a tile of zeros', damage((data) => data.fill(0), 2), /damaged or incomplete \(1 of 4 tiles\)/],
    ['zeros within a tile', damage(middle, 3), /\(1 of 4 tiles\)/],
    ['a changed byte', damage((data) => (data[1000]! ^= 0x55), 4), /\(1 of 4 tiles\)/],
    ['an end that is missing', PHOTO.subarray(0, rangeOf(GRID, 1, PHOTO).from + 50), /cut short .* \(1 of 4 tiles\)/],
    ['half of it missing', PHOTO.subarray(0, rangeOf(GRID, 2, PHOTO).from), /cut short .* \(2 of 4 tiles\)/],
    ['zeros in a picture without tiles', zeroed(), /^its compressed data is damaged or incomplete$/],
  ])('%s is reported, and refused where that is asked for', async (_what, bytes, reason) => {
    expect((await decodeImage(bytes, LIMITS)).degraded).toMatch(reason);
    await expect(decodeImage(bytes, { ...LIMITS, strict: true })).rejects.toMatchObject({ code: 'IMAGE_DEGRADED' });
  });

  it('leaves the other tiles as they are', async () => {
    const { pixels } = await decodeImage(
      damage((data) => data.fill(0), 4),
      LIMITS,
    );
    const { data } = await sharp(pixels, { raw: { width: 320, height: 240, channels: 3 } })
      .extract({ left: 0, top: 0, ...QUARTER })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(difference(data, await rawOf(quarterOf(0)))).toBeLessThan(3);
  });

  function zeroed(): Buffer {
    const bytes = composeHeif([quarter(0)], { primary: 1 });
    const { from } = rangeOf([quarter(0)], 1, bytes);
    return bytes.fill(0, from + 1500, from + 1700);
  }
});

describe('how a HEIF file is coded counts, not its brands:', () => {
  const avif = async (brands: readonly string[]) => {
    const bytes = await rawAvif();
    brands.forEach((brand, i) => bytes.write(brand, i === 0 ? 8 : 12 + 4 * i, 'latin1'));
    return bytes;
  };
  const rawAvif = () => quarterOf(0).avif({ quality: 90, effort: 0 }).toBuffer();

  it.each([
    [['heic', 'mif1']],
    [['heim', 'mif1', 'heim']],
    [['heim', 'heim']],
    [['mif1', 'mif1']],
    [['mif1', 'avif', 'mif1']],
    [['mif2', 'mif2']],
    [['miaf', 'miaf']],
    [['msf1', 'mif1']],
    [['avif', 'mif1']],
  ])('HEVC with %j is decoded where the package is installed, and else the error names it', async (brands) => {
    const bytes = composeHeif([quarter(1)], { primary: 1, brands });
    const { pixels } = await decodeImage(bytes, LIMITS);
    expect(difference(pixels, await rawOf(quarterOf(1)))).toBeLessThan(3);
    withoutPackage('heic-decode');
    expect(sniff(bytes.subarray(0, 1024))).toMatchObject({ kind: 'HEIC', decoder: undefined });
    const hint = expect.stringContaining('npm install heic-decode') as string;
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', hint });
  });

  it.each([[['avif', 'avif']], [['mif1', 'mif1', 'miaf']], [['mif1', 'heic']], [['mif2', 'mif2']], [['miaf', 'miaf']]])(
    'AV1 with %j is decoded without the package',
    async (brands) => {
      withoutPackage('heic-decode');
      const bytes = await avif(brands);
      expect(sniff(bytes)).toMatchObject({ kind: 'AVIF', decoder: 'sharp' });
      const { pixels } = await decodeImage(bytes, LIMITS);
      expect(difference(pixels, await rawOf(quarterOf(0)))).toBeLessThan(5);
    },
  );

  it('a sequence without a picture of its own is refused as such', async () => {
    const bytes = Buffer.concat([
      box('ftyp', Buffer.from('hevc\0\0\0\0hevcmsf1', 'latin1')),
      box('moov', Buffer.alloc(32)),
    ]);
    const message = expect.stringContaining('it is a sequence without a picture of its own') as string;
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED', message });
  });
});
