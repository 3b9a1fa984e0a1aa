import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatNames } from '../../../src/formats/index.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const MINIMAL = join(FIXTURES, 'data-sets/minimal-coco.json');

interface Document {
  readonly path: string;
  readonly data_sets: readonly {
    format: string;
    images: number;
    boxes: number;
    counts: Record<string, number>;
    findings: { rule: string; severity: string; file: string; line?: number; entry?: string; fix: string }[];
    notes: string[];
  }[];
  readonly errors: number;
  readonly warnings: number;
}

let folder: string;
let out: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-validate-'));
  out = join(folder, 'out');
  const run = await preannotate(['run', SCENES, ...EMOJI, '--format', formatNames.join(','), '--out', out]);
  expect(run.code, run.stderr).toBe(0);
});
afterAll(() => rm(folder, { recursive: true }));

it('of a run, the files of all formats are checked with their images, and have no errors or warnings', async () => {
  const { code, stdout, stderr } = await preannotate(['validate', out, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const { data_sets: sets, errors, warnings } = JSON.parse(stdout) as Document;
  expect([errors, warnings]).toEqual([0, 0]);
  expect(sets.map(({ format }) => format)).toEqual(formatNames);
  expect(new Set(sets.map(({ images }) => images))).toEqual(new Set([48]));
  expect(new Set(sets.map(({ boxes }) => boxes)).size).toBe(1);
  expect(JSON.stringify(sets)).not.toContain('None of the images was found');
  const alone = await preannotate(['validate', join(out, 'voc')]);
  expect([alone.code, alone.stdout]).toEqual([0, expect.stringMatching(/48 images, \d+ boxes, 87 classes, 0 errors/)]);
});

it('of a run in parts, the files of all formats have the boxes of each part, and no mistakes', async () => {
  const divided = join(folder, 'divided');
  const split = ['--split', 'train=0.6,val=0.2,test=0.2', '--format', formatNames.join(','), '--out', divided];
  const run = await preannotate(['run', SCENES, '--include', 'scene-0*,scene-1*', ...EMOJI, ...split]);
  expect(run.code, run.stderr).toBe(0);
  const all = JSON.parse((await preannotate(['validate', divided, '--json'])).stdout) as Document;
  expect([all.errors, all.warnings]).toEqual([0, 0]);
  let [images, boxes] = [0, 0];
  for (const part of ['train', 'val', 'test']) {
    const file = join(divided, `coco/instances_${part}.json`);
    const { stdout, code } = await preannotate(['validate', file, '--images-root', SCENES, '--json']);
    const {
      data_sets: [set],
    } = JSON.parse(stdout) as Document;
    expect([code, set!.notes]).toEqual([0, []]);
    images += set!.images;
    boxes += set!.boxes;
  }
  expect([images, boxes]).toEqual([19, all.data_sets[0]!.boxes]);
});

it('of a run whose images are all gone, every image is missing', async () => {
  const [photos, moved] = [join(folder, 'photos'), join(folder, 'moved')];
  await cp(join(SCENES, 'scene-01.jpg'), join(photos, 'scene-01.jpg'));
  const run = await preannotate(['run', photos, ...EMOJI, '--format', 'coco,yolo', '--out', moved]);
  expect(run.code, run.stderr).toBe(0);
  await rm(photos, { recursive: true });
  const { code, stdout } = await preannotate(['validate', moved, '--json']);
  expect(code).toBe(3);
  const { data_sets: sets } = JSON.parse(stdout) as Document;
  expect(sets.map(({ counts }) => counts['image-missing'])).toEqual([1, 1]);
});

it('finds a mistake, prints it with its line and the fix, and exits with 3', async () => {
  const label = join(out, 'yolo/labels/train/scene-01.txt');
  const text = await readFile(label, 'utf8');
  await writeFile(label, text.replace('\n', ' 0.9\n'));
  const { code, stdout } = await preannotate(['validate', join(out, 'yolo')]);
  expect(code).toBe(3);
  expect(stdout).toContain('1 error, 0 warnings');
  expect(stdout).toMatch(/error yolo-columns: .*\n {4}\S*labels\/train\/scene-01\.txt:1: has 6 columns\n/);
  expect(stdout).toContain('Ultralytics leaves out the whole image');
  expect(stdout).toContain('Fix: Write "class cx cy w h"');
  const quiet = await preannotate(['validate', out, '--format', 'yolo', '--quiet']);
  expect([quiet.code, quiet.stdout]).toEqual([3, expect.not.stringContaining('class-unused')]);
  expect((await preannotate(['validate', join(out, 'coco'), '-q'])).stdout).toBe('');
});

it('prints the first five findings of a rule, and all of them as JSON', async () => {
  const file = join(await temporaryFolder(), 'found.json');
  const annotations = Array.from({ length: 500 }, (_, i) => ({
    id: i + 1,
    image_id: 1,
    category_id: 1,
    bbox: [0, 0, 9, 9],
    area: 81,
  }));
  const [images, categories] = [[{ id: 1, file_name: 'a.jpg', width: 9, height: 9 }], [{ id: 1, name: 'cup' }]];
  await writeFile(file, JSON.stringify({ info: {}, licenses: [], images, categories, annotations }));
  const { stdout, stderr } = await preannotate(['validate', file]);
  expect(stdout.match(/annotation \d+: has no "iscrowd"/g)).toHaveLength(5);
  expect(stdout).toContain('and 495 more; --json has all');
  expect(stderr).toContain('--images-root names their folder');
  const {
    data_sets: [set],
  } = JSON.parse((await preannotate(['validate', file, '--json'])).stdout) as Document;
  expect(set!.counts).toEqual({ 'coco-iscrowd': 500 });
  expect(set!.findings[499]).toMatchObject({ rule: 'coco-iscrowd', severity: 'error', file, entry: 'annotation 500' });
});

it('a check that ends early leaves one JSON document, with the reason', async () => {
  const folder = await temporaryFolder();
  const image = { file_name: 'a.jpg', objects: { bbox: [[1, 1, 9, 9]], category: ['cup'] } };
  const longest = 64 << 20; // of a line
  await writeFile(join(folder, 'metadata.jsonl'), `${JSON.stringify(image)}\n${' '.repeat(longest + (2 << 20))}`);
  const { code, stdout } = await preannotate(['validate', folder, '--json', '--format', 'huggingface']);
  expect([1, 2]).toContain(code);
  const { data_sets: sets, ...rest } = JSON.parse(stdout) as Document;
  expect(sets).toEqual([expect.objectContaining({ format: 'huggingface', findings: [] })]);
  expect(rest).toEqual({ path: folder, failed: expect.stringContaining('line 2 is longer than 64 MiB') as unknown });
});

it.each([
  [['validate'], 'Missing required argument'],
  [['validate', 'nowhere'], 'nowhere'],
  [['validate', SCENES, '--format', 'kitti'], 'must be one of'],
  [['validate', MINIMAL, '--images-root', 'nowhere'], 'nowhere: there is no such folder'],
  [['validate', MINIMAL, '--images-root', MINIMAL], 'it is not a folder'],
  [['stats', MINIMAL, '--images-root', 'nowhere'], 'nowhere: there is no such folder'],
  [['validate', join(SCENES, 'README.md')], 'holds annotations of no known format'],
])('%j is refused with 2', async (args, message) => {
  const { code, stdout, stderr } = await preannotate(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});
