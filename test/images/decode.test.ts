import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, readHeader } from '../../src/images/decode.js';
import type { DecodedImage } from '../../src/images/decoded-image.js';
import { FIXTURES, SHARED } from '../support/model/golden.js';
import { withoutPackage } from '../support/system/without-package.js';

const LIMITS = { maxPixels: 268_402_689, strict: false };
const SCENES = join(FIXTURES, 'scenes');
const CORPUS = join(SHARED, 'corpus');

/** Four quarters: red, green / blue, white. */
function quarters(width: number, height: number): Sharp {
  const pixels = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour =
        y < height / 2 ? (x < width / 2 ? [255, 0, 0] : [0, 255, 0]) : x < width / 2 ? [0, 0, 255] : [255, 255, 255];
      pixels.set(colour, (y * width + x) * 3);
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}

function pixelAt({ pixels, width }: DecodedImage, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

function expectQuarters(image: DecodedImage, tolerance = 12): void {
  const { width, height } = image;
  const near = (actual: number[], wanted: number[]) =>
    actual.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(tolerance));
  near(pixelAt(image, 2, 2), [255, 0, 0]);
  near(pixelAt(image, width - 3, 2), [0, 255, 0]);
  near(pixelAt(image, 2, height - 3), [0, 0, 255]);
  near(pixelAt(image, width - 3, height - 3), [255, 255, 255]);
}

describe('decoding', () => {
  it.each([
    ['JPEG', () => quarters(64, 48).jpeg({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['progressive JPEG', () => quarters(64, 48).jpeg({ progressive: true, quality: 95, chromaSubsampling: '4:4:4' })],
    ['PNG', () => quarters(64, 48).png()],
    ['palette PNG', () => quarters(64, 48).png({ palette: true })],
    ['interlaced PNG', () => quarters(64, 48).png({ progressive: true })],
    ['16-bit PNG', () => quarters(64, 48).toColourspace('rgb16').png()],
    ['WebP', () => quarters(64, 48).webp({ lossless: true })],
    ['TIFF', () => quarters(64, 48).tiff({ compression: 'lzw' })],
    ['GIF', () => quarters(64, 48).gif()],
    ['AVIF', () => quarters(64, 48).avif({ quality: 90, chromaSubsampling: '4:4:4' })],
  ])('%s becomes upright 8-bit RGB', async (_kind, make) => {
    const image = await decodeImage(await make().toBuffer(), LIMITS);
    expect(image).toMatchObject({ width: 64, height: 48 });
    expect(image.pixels).toHaveLength(64 * 48 * 3);
    expect(image.degraded).toBeUndefined();
    expectQuarters(image);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('applies EXIF orientation %i', async (orientation) => {
    const inverse = [null, 'none', 'flop', '180', 'flip', '90flop', '270', '270flop', '90'][orientation]!;
    let stored = quarters(64, 48);
    if (/\d/.test(inverse)) stored = sharp(await stored.rotate(parseInt(inverse, 10)).png().toBuffer());
    if (inverse.includes('flop')) stored = sharp(await stored.flop().png().toBuffer());
    if (inverse === 'flip') stored = sharp(await stored.flip().png().toBuffer());
    const bytes = await stored
      .withMetadata({ orientation })
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const image = await decodeImage(bytes, LIMITS);
    expect(image).toMatchObject({ width: 64, height: 48 });
    expectQuarters(image);
  });

  it('turns grey into three equal channels, and drops alpha but keeps the colour underneath', async () => {
    const grey = await decodeImage(await quarters(64, 48).greyscale().png().toBuffer(), LIMITS);
    expect(grey.pixels).toHaveLength(64 * 48 * 3);
    expect(new Set(pixelAt(grey, 2, 2)).size).toBe(1);
    const clear = await sharp({
      create: { width: 8, height: 8, channels: 4, background: { r: 10, g: 200, b: 30, alpha: 0 } },
    })
      .png()
      .toBuffer();
    expect(pixelAt(await decodeImage(clear, LIMITS), 4, 4)).toEqual([10, 200, 30]);
  });

  it('converts CMYK to RGB', async () => {
    const cmyk = await quarters(64, 48).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    const [red, green, blue] = pixelAt(await decodeImage(cmyk, LIMITS), 2, 2) as [number, number, number];
    expect(red).toBeGreaterThan(180);
    expect(Math.max(green, blue)).toBeLessThan(80);
  });

  it('converts an embedded colour profile to sRGB, as viewers do', async () => {
    const wide = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#c82828' } })
      .withIccProfile('p3')
      .png()
      .toBuffer();
    expect((await sharp(wide).metadata()).icc).toBeDefined();
    const pixel = pixelAt(await decodeImage(wide, LIMITS), 4, 4);
    [200, 40, 40].forEach((value, i) => expect(Math.abs(pixel[i]! - value)).toBeLessThanOrEqual(3));
  });

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all([quarters(32, 32).png().toBuffer(), quarters(32, 32).negate().png().toBuffer()]);
    const image = await decodeImage(
      await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer(),
      LIMITS,
    );
    expect(image).toMatchObject({ width: 32, height: 32 });
    expectQuarters(image);
  });

  it.each<[string, string | Buffer, string, RegExp]>([
    ['an SVG with a prologue', '<?xml version="1.0"?>\n<!-- a -->\n<!DOCTYPE svg>\n<svg>', 'IMAGE_UNSUPPORTED', /SVG/],
    ['a text made to keep a search for SVG busy', '<!---->'.repeat(140), 'IMAGE_UNSUPPORTED', /text file/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', 'IMAGE_UNSUPPORTED', /Git LFS/],
    ['a video', Buffer.from('\0\0\0\x18ftypisom', 'latin1'), 'IMAGE_UNSUPPORTED', /video/],
    ['a gzip archive', Buffer.from('\x1f\x8b\x08', 'latin1'), 'IMAGE_UNSUPPORTED', /gzip/],
    ['noise', Buffer.from('\x07\x9c\x00\x13\xfe', 'latin1'), 'IMAGE_UNSUPPORTED', /unknown content/],
    ['an SVG', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 'IMAGE_UNSUPPORTED', /SVG/],
    ['a web page', '<!DOCTYPE html><html></html>', 'IMAGE_UNSUPPORTED', /HTML/],
    ['a PDF', '%PDF-1.7\n', 'IMAGE_UNSUPPORTED', /PDF/],
    ['a HEIC photo', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), 'IMAGE_UNSUPPORTED', /HEIC/],
    ['an empty file', '', 'IMAGE_UNSUPPORTED', /empty/],
    ['zeros', Buffer.alloc(4096), 'IMAGE_UNSUPPORTED', /zero bytes/],
    ['JSON', '{"error": 404}', 'IMAGE_UNSUPPORTED', /JSON/],
    ['the start of a PNG', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), 'IMAGE_UNDECODABLE', /PNG/],
  ])('refuses %s and names its type', async (_what, content, code, message) => {
    withoutPackage('heic-decode');
    const error: unknown = await decodeImage(Buffer.from(content), LIMITS).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message), hint: expect.stringMatching(/\w/) });
  });

  it('refuses more pixels than allowed before decoding them, and reports the size', async () => {
    const bytes = await quarters(64, 48).png().toBuffer();
    expect((await readHeader(bytes)).size).toEqual({ width: 64, height: 48 });
    await expect(decodeImage(bytes, { maxPixels: 3000, strict: false })).rejects.toMatchObject({
      code: 'IMAGE_TOO_LARGE',
      message: expect.stringContaining('64 x 48'),
    });
  });

  it('shrinks a very large image and keeps its original size', async () => {
    const large = await sharp({ create: { width: 12_000, height: 6000, channels: 3, background: '#3060c0' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const image = await decodeImage(large, LIMITS);
    expect(image).toMatchObject({ width: 2048, height: 4096, original: { width: 6000, height: 12_000 } });
    expect(image.pixels).toHaveLength(2048 * 4096 * 3);
    expect(Math.abs(pixelAt(image, 1000, 2000)[2]! - 0xc0)).toBeLessThanOrEqual(2);
  });

  it('keeps and marks a JPEG with lost blocks, refuses it when strict, and refuses a truncated one', async () => {
    const bytes = await sharp(join(SCENES, 'scene-02.jpg')).jpeg({ quality: 90 }).toBuffer();
    const hole = Buffer.from(bytes);
    hole.fill(0, Math.floor(bytes.length / 2), Math.floor(bytes.length / 2) + 200);
    const kept = await decodeImage(hole, LIMITS);
    expect(kept.degraded).toMatch(/\w/);
    await expect(decodeImage(hole, { ...LIMITS, strict: true })).rejects.toMatchObject({ code: 'IMAGE_DEGRADED' });
    await expect(decodeImage(bytes.subarray(0, bytes.length / 2), LIMITS)).rejects.toMatchObject({
      code: 'IMAGE_UNDECODABLE',
    });
  });

  it('gives the shipped scenes the upright sizes of their ground truth', async () => {
    const { images } = JSON.parse(readFileSync(join(SCENES, 'instances.json'), 'utf8')) as {
      images: { file_name: string; width: number; height: number }[];
    };
    expect(images).toHaveLength(48);
    for (const { file_name: name, width, height } of images) {
      expect.soft(await decodeImage(await readFile(join(SCENES, name)), LIMITS), name).toMatchObject({ width, height });
    }
  });
});

describe.skipIf(!existsSync(CORPUS))('of the corpus of odd and hostile images (skipped where it is absent)', () => {
  const { files } = JSON.parse(
    existsSync(CORPUS) ? readFileSync(join(CORPUS, 'manifest.json'), 'utf8') : '{"files":[]}',
  ) as {
    files: {
      file: string;
      expected: 'decode' | 'reject';
      upright?: [number, number];
      differs?: Record<string, string>;
    }[];
  };
  /** Decided otherwise than the manifest: drawings, libvips' own format and TIFF with old-style JPEG are refused. */
  const refused = /(\.(svg|svg\.gz|v)|ojpeg-tile\.tif)$/;
  /** Ours alone reads BMP; this one has damaged run lengths, of which what can be seen is taken. */
  const decodedByUs = new Set(['pillow/badrle.bmp']);

  it.each(files)(
    '$file is accepted or refused as its manifest states',
    async ({ file, expected, upright, differs }) => {
      const bytes = await readFile(join(CORPUS, file));
      const outcome = await decodeImage(bytes, LIMITS).catch((error: unknown) => error as { code: string });
      if (decodedByUs.has(file)) {
        expect(outcome).toMatchObject({ width: 127, height: 64 });
        return;
      }
      if (expected === 'reject' || refused.test(file)) {
        expect(outcome).toMatchObject({ code: expect.stringMatching(/^IMAGE_/) });
        return;
      }
      expect(outcome).toMatchObject({ original: { width: upright![0], height: upright![1] } });
      if (differs?.['failOn warning'] === 'reject') expect(outcome).toHaveProperty('degraded');
    },
  );
});
