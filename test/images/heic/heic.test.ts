import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, readHeader } from '../../../src/images/decode.js';
import { sniff } from '../../../src/images/sniff.js';
import { SCENES } from '../../support/cli.js';
import { encodeHeic, NO_HEIC_ENCODER, turnHeic } from '../../support/system/heic.js';
import { temporaryFolder } from '../../support/temporary.js';
import { withoutPackage } from '../../support/system/without-package.js';

const LIMITS = { maxPixels: 1e6, strict: false };
const JPEG = join(SCENES, 'scene-01.jpg');

async function photo({ source = JPEG, isTurned = false } = {}): Promise<Buffer> {
  const path = join(await temporaryFolder(), 'photo.heic');
  await encodeHeic(source, path);
  if (isTurned) await turnHeic(path);
  return await readFile(path);
}

/** The mean difference of two images, of 255. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe.skipIf(NO_HEIC_ENCODER !== undefined)('a HEIC photo (needs heif-enc, of libheif-examples)', () => {
  it('is decoded as the picture that it was made of', async () => {
    const bytes = await photo();
    const { pixels, width, height, original } = await decodeImage(bytes, LIMITS);
    expect({ width, height, original }).toEqual({ width: 320, height: 240, original: { width: 320, height: 240 } });
    const source = await decodeImage(await readFile(JPEG), LIMITS);
    expect(difference(pixels, source.pixels)).toBeLessThan(3);
  });

  it('is turned as its container says, once', async () => {
    const bytes = await photo({ isTurned: true });
    expect((await readHeader(bytes)).size).toEqual({ width: 240, height: 320 });
    const { pixels, width, height } = await decodeImage(bytes, LIMITS);
    expect({ width, height }).toEqual({ width: 240, height: 320 });
    const turned = await sharp(JPEG).rotate(90).raw().toBuffer();
    expect(difference(pixels, turned)).toBeLessThan(3);
  });

  it('has its colour profile converted to sRGB, as a JPEG has', async () => {
    const source = join(await temporaryFolder(), 'p3.jpg');
    await writeFile(source, await sharp(JPEG).withIccProfile('p3').jpeg({ quality: 95 }).toBuffer());
    const { pixels } = await decodeImage(await photo({ source }), LIMITS);
    expect(difference(pixels, (await decodeImage(await readFile(source), LIMITS)).pixels)).toBeLessThan(3);
  });

  it('is refused by its header where it has too many pixels', async () => {
    const bytes = await photo();
    await expect(decodeImage(bytes, { ...LIMITS, maxPixels: 1000 })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('is called damaged where it is cut off', async () => {
    const bytes = await photo();
    const error = { code: 'IMAGE_UNDECODABLE', message: expect.stringContaining('the HEIC image') as string };
    for (const length of [200, 1000, bytes.length - 100])
      await expect(decodeImage(bytes.subarray(0, length), LIMITS)).rejects.toMatchObject(error);
  });

  it('has nothing of the image before it where it is damaged', async () => {
    const whole = await photo();
    const damaged = Buffer.from(whole);
    const start = damaged.indexOf('mdat') + 4;
    damaged.fill(0, start + 2000, start + 2360);
    const alone = await decodeImage(damaged, LIMITS);
    for (const name of ['scene-01.jpg', 'scene-02.jpg']) {
      await decodeImage(await photo({ source: join(SCENES, name) }), LIMITS);
      expect(difference((await decodeImage(damaged, LIMITS)).pixels, alone.pixels)).toBe(0);
    }
  });

  it('needs the optional package, which the error names', async () => {
    const bytes = await photo();
    withoutPackage('heic-decode');
    expect(sniff(bytes)).toMatchObject({ kind: 'HEIC', decoder: undefined });
    await expect(decodeImage(bytes, LIMITS)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      hint: expect.stringContaining('npm install heic-decode') as string,
      clientHint:
        'Convert it to JPEG, for example with `heif-convert`. It is read where the server has the package heic-decode.',
    });
  });
});
