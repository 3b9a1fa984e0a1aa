import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Statistics } from '../../../src/statistics/statistics.js';
import { EMOJI, manyScenes, preannotate } from '../../support/cli.js';

type Printed = Statistics & { readonly format: string; readonly failed?: Record<string, number> };

interface Stored {
  readonly class: string;
  readonly score: number;
  readonly box: readonly [number, number, number, number];
  readonly patch: number;
}

let folder: string;
let out: string;
let journal: { image: string; width: number; height: number; detections: Stored[] }[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-stats-'));
  out = join(folder, 'out');
  await manyScenes(join(folder, 'photos'), 1);
  await writeFile(join(folder, 'photos/broken.jpg'), 'no image');
  const run = await preannotate([
    'run',
    join(folder, 'photos'),
    ...EMOJI,
    '--no-nms',
    '--out',
    out,
    '--format',
    'coco',
  ]);
  expect(run.code, run.stderr).toBe(3);
  const lines = (await readFile(join(out, 'detections.jsonl'), 'utf8')).trim().split('\n').slice(1);
  journal = lines.map((line) => JSON.parse(line) as (typeof journal)[number]);
});
afterAll(() => rm(folder, { recursive: true }));

async function statsOf(path: string): Promise<Printed> {
  const { code, stdout, stderr } = await preannotate(['stats', path, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Printed;
}

/** The best class of each patch that scores above a threshold: what is shown without suppression. */
function shownAbove(threshold: number): Stored[][] {
  return journal.map(({ detections }) => {
    const patches = new Map<number, Stored>();
    for (const one of detections)
      if (one.score > threshold && one.score > (patches.get(one.patch)?.score ?? 0)) patches.set(one.patch, one);
    return [...patches.values()];
  });
}

it('of a run, its figures are those of the journal', async () => {
  const found = await statsOf(out);
  expect(found).toMatchObject({ format: 'run', images: 48, images_without_boxes: 48 - found.images_with_boxes });
  expect(Object.values(found.failed!)).toEqual([1]);
  for (const { threshold, boxes, images_with_boxes: images } of found.thresholds) {
    const shown = shownAbove(threshold);
    expect([threshold, boxes, images]).toEqual([
      threshold,
      shown.flat().length,
      shown.filter(({ length }) => length > 0).length,
    ]);
  }
  expect(found.thresholds.map(({ threshold }) => threshold)).toContain(0.35);
  expect(found.thresholds).toHaveLength(18);
  const shown = shownAbove(0.35).flat(); // the threshold of the ontology
  expect(found.boxes).toBe(shown.length);
  const bottles = shown.filter((one) => one.class === 'bottle').map(({ score }) => score);
  const bottle = found.classes.find(({ name }) => name === 'bottle');
  expect(bottle).toMatchObject({ boxes: bottles.length, threshold: 0.35 });
  expect([bottle!.scores!.min, bottle!.scores!.max]).toEqual([Math.min(...bottles), Math.max(...bottles)]);
  const areas = shown.map(({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1));
  expect(found.box_sizes).toMatchObject({
    small: areas.filter((area) => area < 1024).length,
    medium: areas.filter((area) => area >= 1024 && area < 9216).length,
    large: areas.filter((area) => area >= 9216).length,
  });
  const widths = journal.map(({ width }) => width);
  expect(found.image_sizes.width).toMatchObject({ min: Math.min(...widths), max: Math.max(...widths) });
});

it('the files of a run have the same boxes, classes and sizes as the run', async () => {
  const [run, coco] = [await statsOf(out), await statsOf(join(out, 'coco/instances.json'))];
  expect(coco.format).toBe('coco');
  const figuresOf = ({ images, boxes, classes, image_sizes: sizes }: Printed) => ({
    images,
    boxes,
    classes: classes.map(({ name, boxes: count, scores }) => ({ name, count, scores })),
    sizes,
  });
  expect(figuresOf(coco)).toEqual(figuresOf(run));
});

it('are printed for people', async () => {
  const { code, stdout } = await preannotate(['stats', out]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^48 images, \d+ with boxes and \d+ without\. \d+ boxes; an image has/);
  expect(stdout).toMatch(/\nFailed: 1 \(1 IMAGE_\w+\)\.\n/);
  expect(stdout).toMatch(/\nclass +boxes +images +threshold +score min/);
  expect(stdout).toMatch(/\n0\.35 +\d+ +\d+\n/);
});

it('of what is no data set, say so', async () => {
  const { code, stderr } = await preannotate(['stats', join(folder, 'photos/broken.jpg')]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('no known format')]);
});
