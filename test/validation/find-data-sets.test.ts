import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { findDataSets } from '../../src/validation/find-data-sets.js';
import { temporaryFolder } from '../support/temporary.js';

const COCO = JSON.stringify({ images: [{ id: 1, file_name: 'a.jpg' }], annotations: [], categories: [] });

it('of a folder with several COCO files, each is a data set, unless one has all images', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'annotations'));
  for (const part of ['train2017', 'val2017'])
    await writeFile(join(folder, `annotations/instances_${part}.json`), COCO);
  const found = await findDataSets(folder, {});
  expect(found.map(({ probe, format }) => [basename(probe.path), format])).toEqual([
    ['instances_train2017.json', 'coco'],
    ['instances_val2017.json', 'coco'],
  ]);
  await writeFile(join(folder, 'instances.json'), COCO);
  expect((await findDataSets(folder, {})).map(({ probe }) => probe.path)).toEqual([folder]);
});

it('a run without annotation files has nothing to check, and a message tells how they are written', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'detections.jsonl'), '');
  await mkdir(join(folder, 'coco'));
  await expect(findDataSets(folder, { imagesRoot: folder })).rejects.toMatchObject({
    code: 'DATA_SET_INVALID',
    hint: expect.stringContaining('preannotate export') as unknown,
  });
});
