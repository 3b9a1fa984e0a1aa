import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { expect, it } from 'vitest';
import { perceptualHash } from '../../../src/images/similarity/perceptual-hash.js';
import { MAX_DISTANCE } from '../../../src/run/duplicates/near-groups.js';
import { SCENES } from '../../support/cli.js';

const names = (await readdir(SCENES)).filter((name) => /^scene-.*\.(?:jpg|png|webp)$/.test(name));

async function hashOf(image: Sharp): Promise<bigint> {
  const { data: pixels, info } = await image.removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return BigInt(`0x${perceptualHash({ pixels, width: info.width, height: info.height })}`);
}

function differing(a: bigint, b: bigint): number {
  return (a ^ b).toString(2).replaceAll('0', '').length;
}

it.each<[string, (image: Sharp) => Sharp]>([
  ['compressed much more', (image) => image.jpeg({ quality: 30 })],
  ['of another format', (image) => image.webp({ quality: 60 })],
  ['half as large', (image) => image.resize({ width: 120 })],
  ['slightly blurred', (image) => image.blur(1.5)],
])('an image that is %s looks alike', async (_, change) => {
  for (const name of names) {
    const path = join(SCENES, name);
    const changed = sharp(await change(sharp(path)).toBuffer());
    expect(differing(await hashOf(sharp(path)), await hashOf(changed)), name).toBeLessThanOrEqual(MAX_DISTANCE);
  }
});

it('no two of the shipped scenes look alike', async () => {
  const hashes = await Promise.all(names.map((name) => hashOf(sharp(join(SCENES, name)))));
  for (const [i, hash] of hashes.entries())
    for (const other of hashes.slice(0, i)) expect(differing(hash, other)).toBeGreaterThan(MAX_DISTANCE + 4);
});

it('images of a single colour, or of a single pixel, have a hash', () => {
  for (const [width, height] of [
    [1, 1],
    [3, 500],
    [640, 480],
  ] as const)
    expect(perceptualHash({ pixels: new Uint8Array(width * height * 3).fill(200), width, height })).toMatch(
      /^[\da-f]{16}$/,
    );
});
