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

it.each([
  ['instances.json', ''],
  ['instances_val.json', '[1,'],
  ['instances_val.json', '{\n  ximages": []\n}'],
])('a COCO file called %s that holds %j is found by its name, and never left out', async (damaged, content) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'instances_train.json'), COCO);
  await writeFile(join(folder, damaged), content);
  const found = (await findDataSets(folder, {})).map(({ probe }) => basename(probe.path));
  const parts = ['instances_train.json', damaged];
  expect(found).toEqual(damaged === 'instances.json' ? [basename(folder)] : parts);
  expect(await findDataSets(join(folder, damaged), {})).toMatchObject([{ format: 'coco' }]);
});

it('labels of LabelMe, and tasks of Label Studio, are not COCO, whatever they are called', async () => {
  const shape = { label: 'cup', points: [], shape_type: 'rectangle' };
  const labels = JSON.stringify({ imagePath: 'instances.jpg', imageData: null, shapes: [shape] });
  for (const [content, format] of [
    [labels, 'labelme'],
    [JSON.stringify([{ data: { image: 'a.jpg' }, annotations: [] }]), 'label-studio'],
  ] as const) {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'instances.json'), content);
    expect(await findDataSets(folder, {})).toMatchObject([{ format }]);
  }
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
