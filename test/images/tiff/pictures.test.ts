import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, readHeader } from '../../../src/images/decode.js';
import type { DecodedImage } from '../../../src/images/decoded-image.js';
import { FIXTURES } from '../../support/model/golden.js';

const FOLDER = join(FIXTURES, 'tiff');
const LIMITS = { maxPixels: 268_402_689, strict: true };

/** What `fixtures/tiff/make.py` wrote, and what must become of it. */
const cases = JSON.parse(readFileSync(join(FOLDER, 'cases.json'), 'utf8')) as {
  file: string;
  picture?: string;
  tolerance?: number;
  refused?: string; // a pattern of the message
}[];

const decode = async (file: string) => decodeImage(await readFile(join(FOLDER, file)), LIMITS);

async function readPixels(picture: string): Promise<Buffer> {
  return sharp(join(FOLDER, picture)).toColourspace('srgb').raw().toBuffer();
}

function largestDifference(image: DecodedImage, wanted: Uint8Array): number {
  expect(image.pixels).toHaveLength(wanted.length);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - image.pixels[i]!)), 0);
}

describe('a TIFF file', () => {
  it.each(cases.filter(({ picture }) => picture !== undefined))(
    '$file is the picture $picture, within $tolerance',
    async ({ file, picture, tolerance }) => {
      const image = await decode(file);
      expect(image).toMatchObject({ width: 32, height: 24, original: { width: 32, height: 24 } });
      expect(image.degraded).toBeUndefined();
      expect(largestDifference(image, await readPixels(`${picture!}.png`))).toBeLessThanOrEqual(tolerance!);
    },
  );

  it.each(cases.filter(({ refused }) => refused !== undefined))(
    '$file is refused with "$refused", a command that converts it, and not as damaged',
    async ({ file, refused }) => {
      await expect(decode(file)).rejects.toMatchObject({
        code: 'IMAGE_UNSUPPORTED',
        message: expect.stringMatching(new RegExp(refused!)),
        hint: expect.stringMatching(/^The file is not damaged\. Convert it, .*`(gdal_translate|magick) .*in\.tif.*`/),
      });
    },
  );

  it('of every kind in the folder is listed with what must become of it', async () => {
    const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.tif'));
    expect(files.sort()).toEqual(cases.map(({ file }) => file).sort());
  });

  it('has its upright size in its header, before it is decoded', async () => {
    const bytes = await readFile(join(FOLDER, 'orientation-6.tif'));
    expect((await readHeader(bytes)).size).toEqual({ width: 32, height: 24 });
    expect((await readHeader(bytes)).cost).toEqual({ bytes: 12, heldBytes: 15 });
  });

  it('with a colour profile is converted to sRGB, whatever its samples are', async () => {
    const pixels = await readPixels('rgb.png');
    const raw = { width: 32, height: 24, channels: 3 } as const;
    const usual = await sharp(pixels, { raw }).withIccProfile('p3').tiff({ compression: 'none' }).toBuffer();
    const measured = Buffer.from(usual);
    const photometricAt = usual.indexOf(Buffer.from([0x06, 0x01, 0x03, 0x00])) + 8; // tag 262, SHORT
    expect(measured.readUInt16LE(photometricAt)).toBe(2);
    measured.writeUInt16LE(1, photometricAt);
    const wanted = await decodeImage(usual, LIMITS);
    expect(largestDifference(await decodeImage(measured, LIMITS), wanted.pixels)).toBe(0);
    expect(largestDifference(wanted, pixels)).toBeLessThanOrEqual(2);
    const iccAt = measured.indexOf(Buffer.from([0x73, 0x87, 0x07, 0x00])); // tag 34675, UNDEFINED
    measured.writeUInt16LE(65_000, iccAt); // a private tag
    expect(largestDifference(await decodeImage(measured, LIMITS), pixels)).toBeGreaterThan(5);
  });

  it('of more pixels than are decoded at once is made smaller, and keeps its contrast', async () => {
    const large = await sharp({ create: { width: 10_000, height: 7000, channels: 3, background: '#080808' } })
      .toColourspace('grey16')
      .tiff({ compression: 'deflate' })
      .toBuffer();
    const header = await readHeader(large);
    expect(header.cost).toEqual({ bytes: 2, heldBytes: 0 });
    const image = await decodeImage(large, LIMITS, header);
    expect(image).toMatchObject({ width: 4096, height: 2867, original: { width: 10_000, height: 7000 } });
    expect(image.pixels[0]).toBe(128); // 8 * 257 of 12 bits
  });

  it('whose samples take more memory than is allowed is refused before it is decoded', async () => {
    const header = await readHeader(await readFile(join(FOLDER, 'float-7-bands-rgb.tif')));
    const size = { width: 8000, height: 4000 };
    const decoded = decodeImage(Buffer.alloc(0), LIMITS, { ...header, size });
    await expect(decoded).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('needs 992 MB of memory'),
    });
  });
});
