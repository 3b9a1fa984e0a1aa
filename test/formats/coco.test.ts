import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { coco } from '../../src/formats/coco/coco.js';
import { readAsciiJson, type CocoFile, type CocoResult } from './readers.js';
import { detection, imagesNamed, viewOf, written } from './views.js';

const NAMES = ['a.jpg', 'b/é.jpg', 'c.png'];

async function instancesOf(outDir: string): Promise<CocoFile> {
  return (await readAsciiJson(join(outDir, 'instances.json'))) as CocoFile;
}

function setSourceDateEpoch(value: string): void {
  process.env['SOURCE_DATE_EPOCH'] = value;
  onTestFinished(() => {
    delete process.env['SOURCE_DATE_EPOCH'];
  });
}

it('annotations are numbered from 1 by image and score, with class ids, score and prompt', async () => {
  const { view } = await written('coco', imagesNamed(NAMES));
  const { annotations, images } = await instancesOf(view.outDir);
  expect(annotations.map(({ id, image_id: image, score }) => [id, image, score])).toEqual([
    [1, 1, 0.9],
    [2, 1, 0.81234],
    [3, 1, 0.5],
    [4, 3, 0.9],
    [5, 3, 0.81234],
    [6, 3, 0.5],
  ]);
  expect(annotations[0]).toEqual({
    id: 1,
    image_id: 1,
    category_id: 5,
    bbox: [0, 0, 640, 480],
    area: 307200,
    iscrowd: 0,
    segmentation: [],
    score: 0.9,
    attributes: { prompt: 'a "quoted" prompt', source: 'auto' },
  });
  expect(images[1]).toEqual({ id: 2, file_name: 'b/é.jpg', width: 641, height: 480 }); // nothing found, still there
});

it('categories are ordered by id, whatever the order of the ontology', async () => {
  const { view } = await written('coco', imagesNamed(NAMES));
  expect((await instancesOf(view.outDir)).categories).toEqual([
    { id: 2, name: 'ünïcode 日本 😀', supercategory: '' },
    { id: 5, name: 'no', supercategory: '' },
    { id: 90, name: '1e3', supercategory: '' },
  ]);
});

it('every image and every annotation is a line of its own, so that a diff shows what changed', async () => {
  const { view } = await written('coco', imagesNamed(NAMES));
  const lines = (await readFile(join(view.outDir, 'instances.json'), 'utf8')).split('\n');
  expect(lines.filter((line) => line.startsWith('{"id":') && line.includes('"file_name"'))).toHaveLength(3);
  expect(lines.filter((line) => line.startsWith('{"id":') && line.includes('"bbox"'))).toHaveLength(6);
});

it('a box keeps its end in the image after rounding, also one with more decimals than the journal has', async () => {
  const [image] = imagesNamed(['a.jpg']);
  const detections = [
    detection(0, 0.5, [0.014999, 0.005, 639.9999, 479.996]),
    detection(1, 0.4, [0.07, 33.33, 640, 480]),
  ];
  const { view } = await written('coco', [{ ...image!, detections }]);
  const { annotations } = await instancesOf(view.outDir);
  expect(annotations.map(({ bbox }) => bbox)).toEqual([
    [0.01, 0.01, 639.99, 479.99],
    [0.07, 33.33, 639.93, 446.67],
  ]);
  expect(annotations[1]!.area).toBe(285837.5331);
});

it('results.json has all stored detections, without ids', async () => {
  const shown = imagesNamed(NAMES);
  const { view, notes } = await written('coco', shown);
  const results = (await readAsciiJson(join(view.outDir, 'results.json'))) as CocoResult[];
  expect(results).toHaveLength(shown.flatMap(({ stored }) => stored).length);
  expect(results[3]).toEqual({ image_id: 1, category_id: 90, bbox: [10, 10, 10, 10], score: 0.06 });
  expect(notes).toEqual([]);
});

it('a note warns that pycocotools cannot load an empty list of results', async () => {
  const { view, notes } = await written('coco', []);
  expect(await readAsciiJson(join(view.outDir, 'results.json'))).toEqual([]);
  expect(notes).toEqual([expect.stringContaining('results.json is an empty list')]);
});

it.each<[images: string[], leftOut: number, why: string]>([
  [[], 0, 'instances.json lists no image.'],
  [[], 53, 'instances.json lists no image; --negatives left out 53 images without boxes above the thresholds.'],
  [['a.jpg'], 0, 'the images in instances.json have no detections.'],
])('the note on an empty list says why: %j, %i left out', async (names, leftOut, why) => {
  const images = imagesNamed(names).map((image) => ({ ...image, detections: [], stored: [] }));
  const view = { ...(await viewOf('coco', images)), countLeftOut: () => leftOut };
  expect(await coco.write(view)).toEqual([`coco/results.json is an empty list, which pycocotools cannot load: ${why}`]);
});

it('info names what made the file, and nothing that differs between two runs of one job', async () => {
  const { view } = await written('coco', imagesNamed(NAMES));
  expect((await instancesOf(view.outDir)).info).toEqual({
    description: 'Draft annotations, to be corrected by people',
    version: '1.0',
    year: 2026,
    contributor: 'preannotate 1.2.3',
    provenance: {
      tool: 'preannotate',
      version: '1.2.3',
      model: 'builtin:emoji',
      model_sha256: 'ab',
      results: expect.stringContaining('before thresholds and non-maximum suppression') as string,
      ids: expect.stringContaining('classes.json') as string,
    },
  });
});

it.each<[string, string | undefined, string[]]>([
  ['1700000000', '2023-11-14T22:13:20.000Z', []],
  ['', undefined, []],
  ['yesterday', undefined, ['SOURCE_DATE_EPOCH is not a number of seconds: coco/ states no date.']],
  ['99999999999999999999', undefined, ['SOURCE_DATE_EPOCH is not a number of seconds: coco/ states no date.']],
])('date_created comes from SOURCE_DATE_EPOCH: "%s" gives "%s"', async (epoch, date, notes) => {
  setSourceDateEpoch(epoch);
  const view = await viewOf('coco', imagesNamed(NAMES));
  expect(await coco.write(view)).toEqual(notes);
  expect((await instancesOf(view.outDir)).info['date_created']).toBe(date);
  expect('date_created' in (await instancesOf(view.outDir)).info).toBe(date !== undefined); // never empty
});
