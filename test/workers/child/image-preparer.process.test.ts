import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { openResizer } from '../../../src/images/resizer.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { ImagePreparer } from '../../../src/workers/child/image-preparer.js';
import { SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

it('an image above 64 Mpixel, which is shrunk while it is decoded, looks to the model as a small one does', async () => {
  const folder = await temporaryFolder();
  const scene = sharp(join(SCENES, 'scene-01.jpg')); // 320 x 240
  const small = join(folder, 'small.png');
  const large = join(folder, 'large.jpg');
  await writeFile(small, await scene.clone().png().toBuffer());
  await writeFile(large, await scene.clone().resize(9600, 7200).jpeg({ quality: 95 }).toBuffer());
  const [ofSmall, ofLarge] = [await pixelsOf(small), await pixelsOf(large)];
  expect(ofLarge.size).toEqual({ width: 9600, height: 7200 });
  let difference = 0;
  for (const [i, value] of ofLarge.pixels.entries()) difference += Math.abs(value - ofSmall.pixels[i]!);
  expect(difference / ofLarge.pixels.length).toBeLessThan(4); // grey levels; another picture is at 40 and more
});

async function pixelsOf(path: string) {
  const inputSize = { width: 192, height: 192 };
  await using resizer = await openResizer('stretch', inputSize);
  const settings = {
    checkpoint: await readCheckpoint(join(FIXTURES, 'models/owlvit-emoji')),
    ...({ precision: 'fp32', optimizer: 'onnxrt' } as const),
    ...{ threads: 1, maxBatchSize: 1, scoreFloor: 0.05, maxDetections: 300 },
    ...{ maxPixels: 1e8, maxBytes: 1e8, strictImages: false },
  };
  const preparer = new ImagePreparer({ resizer, inputSize, settings });
  const times = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  const preparation = await preparer.prepare({ name: 'a', path }, times);
  if (!preparation.ok) throw new Error(preparation.failure.message);
  using image = preparation.image;
  return { size: image.size, pixels: await image.input(0) };
}
