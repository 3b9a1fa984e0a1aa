import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { AnnotateResult, ExportResult, RunImage } from '../../src/api/run-types.js';
import { EMOJI, preannotate, SCENES, viewsOf } from '../support/cli.js';
import { answerOf } from '../support/program.js';
import { acceptImages } from '../support/review/accept-images.js';
import { temporaryFolder } from '../support/temporary.js';

const IMPORTS = `
import { annotate, readRun, PreannotateError } from 'preannotate';
const emoji = { model: 'builtin:emoji', ontology: 'emoji' };
const refusal = (error) => [error instanceof PreannotateError ? error.code : error.name, error.message];
`;

/** A folder with `photos`: so many scenes, and a file that is no image. */
async function folderOfScenes(count: number): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'photos'));
  const scenes = (await readdir(SCENES)).filter((name) => /^scene-.*\.jpg$/.test(name)).slice(0, count);
  for (const name of scenes) await copyFile(join(SCENES, name), join(folder, 'photos', name));
  await writeFile(join(folder, 'photos/broken.jpg'), 'no image');
  return folder;
}

it('annotate writes the files of `preannotate run`, to the byte, and reports what it does', async () => {
  const folder = await folderOfScenes(4);
  const { result, progress, notes } = (await answerOf(
    `${IMPORTS}
    const [progress, notes] = [[], []];
    const result = await annotate({ ...emoji, paths: 'photos', out: 'drafts', scoreThreshold: 0.4, maxErrors: 1,
      onProgress: (each) => progress.push(each), onNote: (note) => notes.push(note) });
    console.log(JSON.stringify({ result, progress, notes }));`,
    folder,
  )) as { result: AnnotateResult; progress: unknown[]; notes: string[] };
  const flags = ['-o', 'by-command', '--score-threshold', '0.4', '--max-errors', '1'];
  const { code, stderr } = await preannotate(['run', 'photos', ...EMOJI, ...flags], { cwd: folder });
  expect(code, stderr).toBe(0);
  const views = await viewsOf(join(folder, 'drafts'));
  expect(Object.keys(views).length).toBeGreaterThan(5);
  const byCommand = await viewsOf(join(folder, 'by-command'));
  expect(views).toEqual(byCommand);
  expect(result).toMatchObject({
    ...{ outDir: join(folder, 'drafts'), status: 'done', found: 5, annotated: 4, resumed: 0, failed: 1 },
    exceedsMaxErrors: false,
    failures: [
      { image: 'broken.jpg', code: 'IMAGE_UNSUPPORTED', message: expect.stringContaining('broken.jpg') as string },
    ],
  });
  expect(result.boxes).toBe(Object.values(result.boxesByClass).reduce((sum, count) => sum + count, 0));
  expect(result.boxes).toBeGreaterThan(0);
  expect(progress.at(0)).toEqual({ total: 5, done: 0, failed: 0 });
  expect(progress.at(-1)).toEqual({ total: 5, done: 5, failed: 1 });
  expect(notes.join('\n')).toContain('Using cpu');
});

it('annotate stops with its signal or when a callback throws, and the same call continues', async () => {
  const folder = await folderOfScenes(12);
  const outcome = (await answerOf(
    `${IMPORTS}
    const options = { ...emoji, paths: 'photos', out: 'drafts', workersPerDevice: 1, maxErrors: 1 };
    const stop = new AbortController();
    const stopped = await annotate({ ...options, signal: stop.signal,
      onProgress: ({ done }) => { if (done >= 2) stop.abort(); } }).catch(refusal);
    const { status, annotated } = await readRun('drafts');
    const thrown = await annotate({ ...options,
      onProgress: ({ done }) => { if (done > annotated) throw new Error('from the callback'); } }).catch(refusal);
    const before = (await readRun('drafts')).annotated;
    const both = await Promise.allSettled([annotate(options), annotate(options)]);
    const refused = both.filter(({ reason }) => reason).map(({ reason }) => refusal(reason)[0]);
    const { status: end, resumed, annotated: all } = both.find(({ value }) => value).value;
    console.log(JSON.stringify({ stopped, status, annotated, thrown, before, refused, end, resumed, all }));`,
    folder,
  )) as { annotated: number; before: number };
  expect(outcome).toMatchObject({
    ...{ stopped: ['AbortError', 'This operation was aborted'], status: 'unfinished' },
    ...{ thrown: ['Error', 'from the callback'], refused: ['OUTPUT_LOCKED'] },
    ...{ end: 'done', all: 12, resumed: outcome.before },
  });
  expect(outcome.annotated).toBeLessThan(12);
});

it('annotate refuses what the command refuses, with the same words', async () => {
  const folder = await folderOfScenes(1);
  const refusals = (await answerOf(
    `${IMPORTS}
    const paths = 'photos';
    const calls = [{ paths: 'absent' }, { paths, model: './absent' }, { paths, ontology: undefined },
      { paths: [] }, { paths, split: 'train=2' }];
    const refusals = [];
    for (const call of calls) {
      await annotate({ ...emoji, out: 'drafts', ...call }).catch((error) => refusals.push(refusal(error)));
    }
    console.log(JSON.stringify(refusals));`,
    folder,
  )) as [code: string, message: string][];
  const codes = ['INPUT_NOT_FOUND', 'MODEL_NOT_FOUND', 'USAGE', 'CONFIG_INVALID', 'CONFIG_INVALID'];
  expect(refusals.map(([code]) => code)).toEqual(codes);
  const { stderr } = await preannotate(['run', 'absent', ...EMOJI, '-o', 'other'], { cwd: folder });
  expect(stderr).toContain(refusals[0]![1]);
  const split = await preannotate(['run', 'photos', ...EMOJI, '-o', 'other', '--split', 'train=2'], { cwd: folder });
  expect(split.stderr).toContain(refusals[4]![1].replace('split', '--split'));
  expect(await readdir(folder)).not.toContain('other');
});

it('readRun gives images with what people decided, and writes the files of `preannotate export`', async () => {
  const folder = await folderOfScenes(4);
  const run = await preannotate(['run', 'photos', ...EMOJI, '-o', 'drafts', '--max-errors', '1'], { cwd: folder });
  expect(run.code, run.stderr).toBe(0);
  const out = join(folder, 'drafts');
  await acceptImages(out, { 'scene-02.jpg': (boxes) => boxes.slice(0, 1) });
  const { facts, images, model, failures, exported, refused } = (await answerOf(
    `${IMPORTS}
    const list = async (each) => { const all = []; for await (const one of each) all.push(one); return all; };
    const run = await readRun('drafts');
    const images = await list(run.images({ scoreThreshold: 0.5 }));
    const model = await list(run.images({ scoreThreshold: 0.5, reviewed: false }));
    const failures = await list(run.failures());
    const exported = await run.export({ scoreThreshold: 0.5 });
    const refused = [await list(run.images({ scoreThreshold: 0.01 })).catch(refusal),
      await list(run.images({ signal: AbortSignal.abort() })).catch(refusal),
      await run.export({ signal: AbortSignal.abort() }).catch(refusal),
      await readRun('photos').catch(refusal)].map(([name]) => name);
    const { images: _, failures: __, export: ___, ...facts } = run;
    console.log(JSON.stringify({ facts, images, model, failures, exported, refused }));`,
    folder,
  )) as {
    facts: unknown;
    images: RunImage[];
    model: RunImage[];
    failures: { image: string }[];
    exported: ExportResult;
    refused: string[];
  };
  expect(facts).toMatchObject({
    ...{ outDir: out, status: 'done', found: 5, annotated: 4, failed: 1, formats: ['coco', 'yolo'], scoreFloor: 0.05 },
    model: { reference: 'builtin:emoji', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    imagesFolder: join(folder, 'photos'),
  });
  expect(images.map(({ name, state }) => [name, state])).toEqual([
    ['scene-01.jpg', 'unreviewed'],
    ['scene-02.jpg', 'accepted'],
    ['scene-03.jpg', 'unreviewed'],
    ['scene-04.jpg', 'unreviewed'],
  ]);
  expect(images[1]!.boxes).toMatchObject([{ score: 1, review: 'kept' }]);
  expect(model[1]!.boxes.every(({ score, review }) => score < 1 && score > 0.5 && review === undefined)).toBe(true);
  expect(model[0]).toEqual(images[0]);
  expect(failures.map(({ image }) => image)).toEqual(['broken.jpg']);
  expect(exported).toMatchObject({ annotated: 4, failed: 1, formats: ['coco', 'yolo'] });
  expect(exported.boxes).toBe(images.reduce((sum, { boxes }) => sum + boxes.length, 0));
  expect(refused).toEqual(['CONFIG_INVALID', 'AbortError', 'AbortError', 'INPUT_NOT_FOUND']);
  const written = await viewsOf(out);
  const again = await preannotate(['export', 'drafts', '--score-threshold', '0.5'], { cwd: folder });
  expect(again.code, again.stderr).toBe(0);
  expect(await viewsOf(out)).toEqual(written);
  const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as { annotations: unknown[] };
  expect(coco.annotations.length).toBe(exported.boxes);
});
