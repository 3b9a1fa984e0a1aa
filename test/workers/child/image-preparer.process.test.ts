import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openResizer } from '../../../src/images/resize/resizer.js';
import { ImagePreparer } from '../../../src/workers/child/image-preparer.js';
import { SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

it('an image above 64 Mpixel, which is shrunk while it is decoded, gives nearly the input of a small one', async () => {
  const folder = await temporaryFolder();
  const scene = sharp(join(SCENES, 'scene-01.jpg')); // 320 x 240
  await writeFile(join(folder, 'small.png'), await scene.clone().png().toBuffer());
  await writeFile(join(folder, 'large.jpg'), await scene.clone().resize(9600, 7200).jpeg({ quality: 95 }).toBuffer());
  const [ofSmall, ofLarge] = [await pixelsOf(folder, 'small.png'), await pixelsOf(folder, 'large.jpg')];
  expect(ofLarge.size).toEqual({ width: 9600, height: 7200 });
  let difference = 0;
  for (const [i, value] of ofLarge.pixels.entries()) difference += Math.abs(value - ofSmall.pixels[i]!);
  expect(difference / ofLarge.pixels.length).toBeLessThan(4); // grey levels; another picture is at 40 and more
});

async function pixelsOf(folder: string, name: string) {
  const inputSize = { width: 192, height: 192 };
  await using resizer = openResizer('stretch', inputSize);
  const settings = { maxPixels: 1e8, maxBytes: 1e8, strictImages: false, folder };
  const preparer = new ImagePreparer({ resizer, inputSize, settings });
  const times = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  const preparation = await preparer.prepare({ name }, times);
  if (!preparation.ok) throw new Error(preparation.failure.message);
  using image = preparation.image;
  return { size: image.size, pixels: await image.input(0) };
}
