import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LabelledImage } from '../../src/core/data-set/data-set.js';
import { openDataSet } from '../../src/data-set/open.js';
import { formatNames } from '../../src/formats/index.js';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { temporaryFolder } from '../support/temporary.js';
import { toleranceOf } from '../formats/read-back.js';

it('a run, and each format that it writes, are recognised, and hold the same boxes', async () => {
  const out = join(await temporaryFolder(), 'out');
  const scenes = ['01', '07', '13'].map((number) => join(SCENES, `scene-${number}.jpg`));
  const { code } = await preannotate(['run', ...scenes, ...EMOJI, '--out', out, '--format', formatNames.join()]);
  expect(code).toBe(0);
  const run = await read(out);
  expect(run.format).toBe('run');
  expect(run.images.map(({ name }) => name)).toEqual(['scene-01.jpg', 'scene-07.jpg', 'scene-13.jpg']);
  expect(run.images.flatMap(({ boxes }) => boxes).length).toBeGreaterThan(5);
  for (const format of formatNames) {
    const view = await read(join(out, format)); // sizes are read from the images, where the format does not state them
    expect(view.format).toBe(format);
    expect(view.images.map(describe), format).toEqual(run.images.map(describe));
    for (const [i, image] of view.images.entries()) {
      const corners = cornersOf(run.images[i]!);
      const off = cornersOf(image).map((at, k) => Math.abs(at - corners[k]!));
      const size = { width: image.width!, height: image.height! };
      expect(Math.max(0, ...off), format).toBeLessThanOrEqual(toleranceOf(format, size));
    }
  }
  const linked = async (path: string) => (await lstat(join(out, path))).isSymbolicLink();
  expect(await linked('yolo/images/train/scene-01.jpg')).toBe(true);
  expect(await linked('huggingface/train/scene-01.jpg')).toBe(false);
});

async function read(path: string) {
  const { format, images } = await openDataSet(path);
  const list: LabelledImage[] = [];
  for await (const image of images) list.push(image);
  return { format, images: list };
}

function describe({ name, width, height, boxes }: LabelledImage) {
  return { name, width, height, classes: boxes.map(({ className }) => className) };
}

function cornersOf({ boxes }: LabelledImage): number[] {
  return boxes.flatMap(({ box }) => [...box]);
}
