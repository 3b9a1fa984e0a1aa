import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { makeThumbnail } from '../../../src/images/drawing/thumbnail.js';
import { ROOT } from '../../support/model/golden.js';

const LIMITS = { maxPixels: 1e8, longestPx: 100 };

it.each(['jpeg', 'png', 'tiff'] as const)(
  'a thumbnail of a %s is small, upright, and always the same',
  async (kind) => {
    const scene = await readFile(join(ROOT, 'fixtures/scenes/scene-07.jpg'));
    const turned = await sharp(scene)
      .resize(400, 200, { fit: 'fill' })
      .withMetadata({ orientation: 6 })
      [kind]()
      .toBuffer();
    const thumbnail = await makeThumbnail(turned, LIMITS);
    expect(await sharp(thumbnail).metadata()).toMatchObject({ format: 'webp', width: 50, height: 100 });
    expect(thumbnail.equals(await makeThumbnail(turned, LIMITS))).toBe(true);
  },
);

it('a thumbnail of a small image has its size', async () => {
  const scene = await readFile(join(ROOT, 'fixtures/scenes/scene-07.jpg'));
  const small = await sharp(scene).resize(40, 30, { fit: 'fill' }).png().toBuffer();
  expect(await sharp(await makeThumbnail(small, LIMITS)).metadata()).toMatchObject({ width: 40, height: 30 });
});
