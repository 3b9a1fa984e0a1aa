import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readImage } from '../../../src/images/read.js';
import { openResizer } from '../../../src/images/resize/resizer.js';
import { ExampleEncoder } from '../../../src/model/example-encoder.js';
import { findModel } from '../../../src/model/source.js';
import { encodeExamples } from '../../../src/workers/child/encode-examples.js';
import { ImagePreparer } from '../../../src/workers/child/image-preparer.js';
import { SCENES } from '../../support/cli.js';

const NAME = 'scene-04.jpg'; // stored turned: 800 x 600 upright, 600 x 800 in the file

const FINDING = {
  precision: 'auto',
  watcher: { progress: () => {}, note: () => {} },
  variables: process.env,
} as const;

/** Encodes requests as a worker does. */
async function encode(...requests: { sha256?: string; box?: [number, number, number, number] }[]) {
  const { checkpoint } = await findModel('builtin:emoji', FINDING);
  const size = { width: 192, height: 192 };
  const settings = { maxPixels: 1e8, maxBytes: 1e8, strictImages: false, folder: SCENES };
  await using resizer = openResizer('stretch', size);
  const { sha256 } = await readImage(join(SCENES, NAME), 1e8);
  return await encodeExamples(
    requests.map((request) => ({ name: NAME, sha256, ...request })),
    {
      preparer: new ImagePreparer({ resizer, inputSize: size, settings }),
      openEncoder: () => ExampleEncoder.open({ checkpoint, threads: 1, size, exampleRule: 'auto' }),
      send: () => {},
    },
  );
}

it('the box of an example is in pixels of the upright image, and is clipped at its edges', async () => {
  const inside = [500, 100, 800, 300] as const;
  const { embeddings, failures } = await encode({ box: [...inside] }, { box: [500, 100, 900, 300] }, {});
  expect(failures).toEqual([]);
  const row = (i: number) => [...embeddings.slice(i * 96, (i + 1) * 96)];
  expect(row(0)).toEqual(row(1));
  expect(row(0)).not.toEqual(row(2));
});

it('each of several examples that cannot be used is reported with its reason, and the others are encoded', async () => {
  const { embeddings, failures } = await encode({ sha256: 'another' }, {}, { box: [10, 700, 90, 790] });
  expect(failures.map(({ index, failure }) => [index, failure.message])).toEqual([
    [0, 'scene-04.jpg has changed since this command was started.'],
    [2, 'the box [10, 700, 90, 790] leaves less than a pixel of scene-04.jpg, which is 800 x 600 upright.'],
  ]);
  expect(embeddings).toHaveLength(3 * 96);
});
