import { copyFile, cp, mkdir, mkdtemp, readFile, realpath, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunJob } from '../../src/jobs/run-job.js';
import { loadSettings } from '../../src/config/load.js';
import { RunConfig } from '../../src/config/schema.js';
import { readStoredSelection, resolveSelection } from '../../src/config/selection.js';
import { FAILURES, PreannotateError } from '../../src/core/errors.js';
import { formatNames } from '../../src/formats/index.js';
import type { Job } from '../../src/job.js';
import { annotate } from '../../src/pipeline.js';
import { planOnly } from '../../src/dry-run.js';
import { Progress } from '../../src/progress/bar.js';
import { exportViews } from '../../src/views/export-views.js';
import { preannotate, SCENES, viewsOf } from '../support/cli.js';
import { Random } from '../support/random.js';

const FILES = [
  'run.json',
  'classes.json',
  'detections.jsonl',
  'errors.jsonl',
  '.preannotate/images.jsonl',
  '.preannotate/sources.jsonl',
  '.preannotate/views/coco.jsonl',
  '.preannotate/views/yolo.jsonl',
];
const FLIPS = 15;
const CUTS = 6;
const WRONG = ['', 'null', '[]', '{}', '7', '"a"', '\n', '{"a":1}\n', '\u0000'.repeat(500), '[['.repeat(50_000)];

const progress = new Progress({ stream: new PassThrough(), quiet: true });
let folder: string;
let out: string;
let job: Job;
let files: Map<string, Buffer>; // of an undamaged run
let expected: Record<string, string>; // its views

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'preannotate-damaged-')));
  out = join(folder, 'out');
  const images = join(folder, 'images');
  await mkdir(images);
  const settings = ['--model', 'builtin:emoji', '--class', 'wine glass=a photo of a wine glass', '--class', 'dog'];
  const put = (scene: string, name: string) => copyFile(join(SCENES, scene), join(images, name));
  await put('scene-03.jpg', 'scene-03.jpg');
  await put('scene-05.jpg', 'gone.jpg');
  await put('scene-05.jpg', 'touched.jpg');
  await preannotate(['run', images, ...settings, '--out', out]); // the others come later: numbers are not by name
  for (const name of ['scene-01.jpg', 'scene-02.jpg']) await put(name, name);
  await rm(join(images, 'gone.jpg'));
  await preannotate(['run', images, ...settings, '--out', out, '--accept-missing']);
  await put('scene-04.jpg', 'scene-02.jpg'); // is annotated again
  await utimes(join(images, 'touched.jpg'), 1, 1);
  expect(await preannotate(['run', images, ...settings, '--out', out])).toMatchObject({ code: 0 });
  job = await jobOf(images, {
    model: 'builtin:emoji',
    class: ['wine glass=a photo of a wine glass', 'dog'],
    out,
    accept_missing: true,
  });
  files = new Map(await Promise.all(FILES.map(async (name) => [name, await readFile(join(out, name))] as const)));
  expected = await viewsOf(out);
  await rename(out, `${out}-sound`);
  await mkdir(out);
});
afterAll(() => rm(folder, { recursive: true }));

async function jobOf(images: string, flags: Record<string, unknown>): Promise<Job> {
  return createRunJob([images], await loadSettings({ schema: RunConfig, flags, environment: {}, cwd: folder }));
}

/** Contents that a file may have after a crash, a bad disk, a careless editor or a wrong copy. */
function* damagedContents(bytes: Buffer, random: Random): Generator<Buffer | undefined> {
  yield undefined; // missing
  for (const text of WRONG) yield Buffer.from(text);
  if (bytes.length === 0) return;
  for (let i = 0; i < FLIPS; i++) {
    const flipped = Buffer.from(bytes);
    flipped[random.below(bytes.length)]! ^= 1 << random.below(8);
    yield flipped;
  }
  for (let i = 0; i < CUTS; i++) yield bytes.subarray(0, random.below(bytes.length));
  yield Buffer.concat([bytes, bytes]);
  yield Buffer.from(bytes.toString().replaceAll('\n', '\r\n'));
  const lines = bytes.toString().split(/(?<=\n)/);
  for (let i = 0; i < Math.min(lines.length, CUTS); i++) {
    const at = lines.length <= CUTS ? i : random.below(lines.length);
    const [before, line, next = '', after] = [lines.slice(0, at), lines[at]!, lines[at + 1], lines.slice(at + 2)];
    yield Buffer.from([...before, next, ...after].join(''));
    yield Buffer.from([...before, line, line, next, ...after].join(''));
    yield Buffer.from([...before, next, line, ...after].join(''));
  }
}

async function restore(): Promise<void> {
  await rm(out, { recursive: true });
  await cp(`${out}-sound`, out, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
}

async function damage(name: string, content: Buffer | undefined): Promise<void> {
  await restore();
  if (content === undefined) await rm(join(out, name));
  else await writeFile(join(out, name), content);
}

/** What an action ends with; a refusal must name the file. */
async function outcomeOf(name: string, action: () => Promise<unknown>): Promise<'refused' | 'done'> {
  try {
    await action();
    return 'done';
  } catch (error) {
    if (!(error instanceof PreannotateError)) throw error;
    expect({ exitCode: FAILURES[error.code].exitCode, message: error.message }).toEqual({
      exitCode: 2,
      message: expect.stringContaining(basename(name)),
    });
    expect(error.hint).not.toBe('');
    return 'refused';
  }
}

/** With their numbers. */
function imagesOf(views: Record<string, string>): object[] {
  return (JSON.parse(views['/coco/instances.json']!) as { images: object[] }).images;
}

const exportAgain = () =>
  exportViews(
    { outDir: out, takeOver: {} },
    ({ scope, ontology }) => {
      const selection = resolveSelection(readStoredSelection(scope.selection), ontology);
      const formats = formatNames.filter((format) => scope.formats.includes(format));
      return { selection, formats, previews: 0, imageFiles: 'symlink', overwriteEdited: false };
    },
    progress,
  );

describe.each(FILES)('whatever happens to %s', (name) => {
  it(
    'an export and a resumed run write the same views, or refuse and name the file',
    { timeout: 600_000 },
    async () => {
      const bytes = files.get(name)!;
      const random = new Random(FILES.indexOf(name));
      let done = 0;
      for (const content of damagedContents(bytes, random)) {
        await damage(name, content);
        const exported = await outcomeOf(name, exportAgain);
        const views = await viewsOf(out);
        await damage(name, content);
        const { pending } = await planOnly(job, progress).catch(() => ({ pending: [] }));
        // A journal without some of its images is that of a run that was stopped: the views lack them until it goes on.
        if (pending.length === 0) {
          if (exported === 'done') expect(views).toEqual(expected);
          const resumed = await outcomeOf(name, () => annotate(job, progress, new AbortController().signal));
          if (resumed === 'done') expect(await viewsOf(out)).toEqual(expected);
          if (resumed === 'done') done++;
        } else {
          expect(name).toBe('detections.jsonl');
          if (exported === 'done') expect(imagesOf(expected)).toEqual(expect.arrayContaining(imagesOf(views)));
        }
      }
      if (name !== 'detections.jsonl') expect(done).toBeGreaterThan(0);
    },
  );
});
