import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DecidedBox } from '../../src/core/review/decision.js';
import { openDataSet } from '../../src/data-set/open.js';
import { formatNames } from '../../src/formats/index.js';
import type { Statistics } from '../../src/statistics/statistics.js';
import { EMOJI, preannotate, SCENES, viewsOf, type Finished } from '../support/cli.js';
import { ACCEPT, decide, keptBox } from '../support/review/decide.js';

const NAMES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg'];
const drawn: DecidedBox = { id: 'mine', status: 'drawn', class: 'cup', box: [10.25, 20, 90, 100.5] };

let folder: string;
let out: string;
let said: string; // by the export
let before: Record<string, string>; // views of the model's boxes
let refused: Finished; // an export of reviewed images before there was one

interface Box {
  readonly className: string;
  readonly box: readonly number[];
  readonly score: number | undefined;
  readonly prompt: string | undefined;
}

/** The boxes of a view, by image. */
async function boxesIn(path: string): Promise<Record<string, Box[]>> {
  const images: Record<string, Box[]> = {};
  const { images: read } = await openDataSet(path, { imagesRoot: join(folder, 'images') });
  for await (const { name, boxes } of read)
    images[name] = boxes.map(({ className, box, score, prompt }) => ({ className, box, score, prompt }));
  return images;
}

const exported = async (...flags: string[]) => {
  const { code, stdout, stderr } = await preannotate(['export', out, ...flags]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return stdout + stderr;
};
const textOf = (path: string) => readFile(join(out, path), 'utf8');
const near = (box: readonly number[], tolerance: number) =>
  box.map((side) => expect.closeTo(side, tolerance) as number);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  out = join(folder, 'out');
  await mkdir(join(folder, 'images'));
  for (const name of NAMES) await copyFile(join(SCENES, name), join(folder, 'images', name));
  const args = [...EMOJI, '--format', formatNames.join(','), '--preview', '--out', out];
  const { code, stderr } = await preannotate(['run', join(folder, 'images'), ...args]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  before = await viewsOf(out);
  refused = await preannotate(['export', out, '--only-reviewed']);
  expect(await viewsOf(out)).toEqual(before);
  // An accepted image: one box kept, the next corrected, one drawn, all others gone.
  await decide(out, NAMES[0]!, (image) => [
    { op: 'set', box: keptBox(image, 0) },
    { op: 'set', box: { ...keptBox(image, 1), status: 'corrected', class: 'pizza', box: [1, 2, 50.5, 60] } },
    { op: 'set', box: { ...keptBox(image, 2), status: 'rejected' } },
    { op: 'set', box: drawn },
    ACCEPT,
  ]);
  // An open one: a box is rejected, one drawn, others are the model's.
  await decide(out, NAMES[1]!, (image) => [
    { op: 'set', box: { ...keptBox(image, 0), status: 'rejected' } },
    { op: 'set', box: drawn },
  ]);
  await decide(out, NAMES[2]!, () => [ACCEPT]); // nothing is in it
  said = await exported();
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('export after a review', () => {
  it('refused --only-reviewed as long as no image was accepted, and changed nothing', () => {
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('none of 4 images is accepted in a review; --only-reviewed would leave none.');
    expect(refused.stderr).toContain('Accept images with `preannotate review ');
  });

  it('says how many images were reviewed, and leaves the stored detections as they are', async () => {
    expect(said).toMatch(/boxes in 4 images with score threshold \S+, 2 reviewed: coco/);
    expect(said).not.toContain('--only-reviewed');
    for (const format of ['yolo', 'voc', 'cvat']) expect(said).toMatch(new RegExp(`${format}: .* not say wh`));
    const after = await viewsOf(out);
    expect(after['/coco/results.json']).toBe(before['/coco/results.json']);
    expect(after['/coco/instances.json']).not.toBe(before['/coco/instances.json']);
    expect(after['/yolo/labels/train/scene-03.txt']).toBe('');
    expect(after['/yolo/labels/train/scene-04.txt']).toBe(before['/yolo/labels/train/scene-04.txt']);
    const { stdout } = await preannotate(['export', out, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ reviewed: 2, reviewed_boxes: 4, images: 4 });
  });

  it.each(formatNames)('writes what was decided into %s', async (format) => {
    const tolerance = format === 'voc' ? -0.5 : 2;
    const images = await boxesIn(join(out, format));
    const prompts = format !== 'yolo';
    const expected = (className: string, box: readonly number[], prompt?: string) => ({
      className,
      box: near(box, tolerance),
      score: 1,
      prompt: prompts ? prompt : undefined,
    });
    const [first] = (JSON.parse(before['/coco/instances.json']!) as { annotations: { bbox: number[] }[] }).annotations;
    const [x, y, width, height] = first!.bbox as [number, number, number, number];
    expect(images[NAMES[0]!]).toEqual([
      expected('wine glass', [x, y, x + width, y + height], 'a photo of a wine glass'),
      expected('pizza', [1, 2, 50.5, 60]), // what found it asks for another class
      expected('cup', drawn.box),
    ]);
    expect(images[NAMES[1]!]![0]).toEqual(expected('cup', drawn.box));
    expect(images[NAMES[1]!]!.slice(1).map(({ className }) => className)).not.toContain('pizza');
    expect(images[NAMES[1]!]!.length).toBeGreaterThan(2);
    expect(images[NAMES[2]!]).toEqual([]);
  });

  it('marks what was reviewed, as far as a format can', async () => {
    const coco = JSON.parse(await textOf('coco/instances.json')) as {
      images: { file_name: string; reviewed?: boolean }[];
      annotations: { image_id: number; attributes: object }[];
    };
    expect(coco.images.filter(({ reviewed }) => reviewed).map((one) => one.file_name)).toEqual([NAMES[0], NAMES[2]]);
    expect(coco.annotations.slice(1, 5).map(({ attributes }) => attributes)).toEqual([
      { source: 'reviewed' },
      { source: 'reviewed' },
      { source: 'reviewed' },
      { prompt: 'a photo of a bottle', source: 'auto' },
    ]);
    const [head, ...rows] = (await textOf('csv/boxes.csv')).split('\n');
    expect(head).toMatch(/,sha256,source$/);
    expect(rows.filter((row) => row.endsWith(',reviewed'))).toHaveLength(5); // 4 boxes and an image without
    expect(await textOf('csv/README.txt')).toContain('source is "reviewed"');
    expect((await textOf('cvat/annotations.xml')).match(/source="manual"/g)).toHaveLength(4);
    expect((await textOf('voc/Annotations/scene-01.xml')).match(/<value>reviewed</g)).toHaveLength(3);
    const labelme = JSON.parse(await textOf('labelme/scene-01.json')) as { flags: object; shapes: object[] };
    expect(labelme).toMatchObject({ flags: { reviewed: true }, shapes: [{ source: 'reviewed' }, {}, {}] });
    const tasks = JSON.parse(await textOf('label-studio/tasks.json')) as object[];
    expect(tasks.map((task) => 'annotations' in task)).toEqual([true, false, true, false]);
    const metadata = (await textOf('huggingface/train/metadata.jsonl')).split('\n');
    expect(JSON.parse(metadata[1]!)).toMatchObject({
      reviewed: false,
      objects: { source: expect.arrayContaining(['reviewed', 'auto']), score: expect.arrayContaining([1]) },
    });
    expect(await textOf('huggingface/README.md')).toContain('name: reviewed');
    expect(await textOf('yolo/labels_conf/train/scene-01.txt')).toMatch(/^(\d \S+ \S+ \S+ \S+ 1\n){3}$/);
  });

  it('makes views again when more is decided, and leaves them alone when nothing is', async () => {
    const first = await viewsOf(out);
    await decide(out, NAMES[3]!, () => [{ op: 'set', box: { ...drawn, id: 'later' } }]);
    await exported();
    const second = await viewsOf(out);
    expect(second['/coco/instances.json']).not.toBe(first['/coco/instances.json']);
    await decide(out, NAMES[3]!, () => [{ op: 'forget', id: 'later' }]);
    await exported();
    expect(await viewsOf(out)).toEqual(first);
  });

  it('leaves out what is not accepted with --only-reviewed, until it is to be there again', async () => {
    const whole = await viewsOf(out);
    expect(await exported('--only-reviewed')).toMatch(
      /^\d+ boxes in 2 of 4 images.*, 2 reviewed, 2 not reviewed left out \(--only-reviewed\): /,
    );
    for (const format of formatNames)
      expect(Object.keys(await boxesIn(join(out, format))).sort()).toEqual([NAMES[0], NAMES[2]]);
    const results = JSON.parse(await textOf('coco/results.json')) as { image_id: number }[];
    expect([...new Set(results.map((one) => one.image_id))]).toEqual([1, 3]);
    expect(JSON.parse(await textOf('run.json'))).toMatchObject({ only_reviewed: true });
    for (const path of ['yolo/data.yaml', 'csv/README.txt', 'labelme/README.txt', 'cvat/annotations.xml'])
      expect(await textOf(path)).toMatch(/Drafted by preannotate.*, and reviewed by people/);
    expect(await textOf('coco/instances.json')).toContain('"Draft annotations, reviewed by people"');
    expect(await textOf('huggingface/README.md')).toContain('# Draft boxes, reviewed by people');
    await exported(); // as the folder has it
    expect(Object.keys(await boxesIn(join(out, 'coco')))).toHaveLength(2);
    await exported('--no-only-reviewed');
    expect(await viewsOf(out)).toEqual(whole);
  });

  it('counts in stats what the views have', async () => {
    const { stdout } = await preannotate(['stats', out, '--json']);
    const all = Object.values(await boxesIn(join(out, 'coco'))).flat();
    const read = JSON.parse(stdout) as Statistics;
    expect(read).toMatchObject({ boxes: all.length });
    // What was decided is there whatever the threshold, and says nothing about the scores of the model.
    const cup = read.classes.find(({ name }) => name === 'cup')!;
    expect(cup.scores!.max).toBeLessThan(1);
    for (const threshold of [0.35, 0.9]) {
      await exported('--score-threshold', String(threshold));
      const left = Object.values(await boxesIn(join(out, 'coco')));
      expect(read.thresholds.find((one) => one.threshold === threshold)).toEqual({
        threshold,
        boxes: left.flat().length,
        images_with_boxes: left.filter((boxes) => boxes.length > 0).length,
      });
    }
    await exported('--score-threshold', '0.35', '--only-reviewed');
    const { stdout: text } = await preannotate(['stats', out]);
    expect(text).toMatch(/^2 images, 1 with boxes and 1 without, 2 that are not reviewed are left out/);
    await exported('--no-only-reviewed');
  });

  it('leaves out images without boxes with --negatives drop, also those that were accepted', async () => {
    await exported('--negatives', 'drop');
    expect(Object.keys(await boxesIn(join(out, 'coco')))).toEqual([NAMES[0], NAMES[1], NAMES[3]]);
    await exported('--negatives', 'keep');
    expect(Object.keys(await boxesIn(join(out, 'coco')))).toEqual(NAMES);
  });
});
