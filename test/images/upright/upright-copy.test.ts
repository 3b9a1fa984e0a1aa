import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/images/decode.js';
import { makeUprightCopy } from '../../../src/images/upright/upright-copy.js';
import { damagedImages } from '../../support/damaged-images.js';
import { FIXTURES } from '../../support/model/golden.js';

const LIMITS = { maxPixels: 268_402_689 };
const TIFF = join(FIXTURES, 'tiff');

const cases = JSON.parse(readFileSync(join(TIFF, 'cases.json'), 'utf8')) as { file: string; picture?: string }[];

describe('the upright copy', () => {
  it.each(cases.filter(({ picture }) => picture !== undefined))(
    'of $file shows any reader what was annotated',
    async ({ file }) => {
      const bytes = await readFile(join(TIFF, file));
      const copy = await makeUprightCopy(bytes, LIMITS);
      const { format, orientation = 1, pages = 1 } = await sharp(copy).metadata();
      expect({ format, orientation, pages }).toEqual({ format: 'tiff', orientation: 1, pages: 1 });
      const { pixels } = await decodeImage(bytes, { ...LIMITS, strict: true });
      const found = await sharp(copy).toColourspace('srgb').removeAlpha().raw().toBuffer();
      const step = pixels.length / found.length; // grey files stay grey
      expect([1, 3]).toContain(step);
      const differences = found.map((value, i) => Math.abs(value - pixels[i * step]!));
      expect(Math.max(...differences)).toBeLessThanOrEqual(2);
    },
  );

  it('of a damaged image is made exactly where that is annotated', async () => {
    for (const { name, bytes } of await damagedImages()) {
      if (name.endsWith('bmp.jpg')) continue; // has no orientation
      const isAnnotated = await decodeImage(bytes, { ...LIMITS, strict: false }).then(
        () => true,
        () => false,
      );
      const isMade = await makeUprightCopy(bytes, LIMITS).then(
        () => true,
        () => false,
      );
      expect({ name, isMade }).toEqual({ name, isMade: isAnnotated });
    }
  });
});
