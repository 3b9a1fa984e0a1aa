import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, preannotate, Running, SCENES, viewsOf } from '../../support/cli.js';
import { damagedImages } from '../../support/damaged-images.js';
import { FIXTURES } from '../../support/model/golden.js';
import { exportOf } from '../../support/model/optimum/open.js';
import { withComment } from '../../support/other-bytes.js';

const OTHER = ['--model', 'builtin:emoji', '--class', 'dog=a dog', '--class', 'cat=a cat', '--class', 'cup=a cup'];
const SCENE_FILES = ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg', 'scene-05.jpg', 'scene-06.jpg'];

let folder: string;
let images: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-features-'));
  images = join(folder, 'images');
  await mkdir(images);
  for (const name of SCENE_FILES) await copyFile(join(SCENES, name), join(images, name));
  const degraded = (await damagedImages()).find(({ outcome }) => outcome === 'degraded')!;
  await writeFile(join(images, degraded.name), degraded.bytes);
});
afterAll(() => rm(folder, { recursive: true }));

interface Result {
  readonly out: string;
  readonly lines: readonly string[]; // of the journal, by image
  readonly features: { read: number; encoded: number; damaged: number } | undefined;
  readonly stderr: string;
}

let runs = 0;

async function run(options: readonly string[], out = join(folder, `out-${runs++}`)): Promise<Result> {
  const { code, stderr } = await preannotate(['run', images, ...options, '--out', out]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { counts } = JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as {
    counts: { features?: Result['features'] };
  };
  return { out, lines: await linesOf(out), features: counts.features, stderr };
}

async function linesOf(out: string): Promise<string[]> {
  return (await readFile(join(out, 'detections.jsonl'), 'utf8')).split('\n').slice(1, -1).sort();
}

/** Scores by image, patch, class and box. */
function scoresOf({ lines }: Result): Map<string, number> {
  const images = lines.map((line) => JSON.parse(line) as { image: string; detections: Detected[] });
  return new Map(
    images.flatMap(({ image, detections }) =>
      detections.map(
        ({ score, patch, class: name, box }) => [`${image} ${patch} ${name} ${box.join()}`, score] as const,
      ),
    ),
  );
}

interface Detected {
  readonly score: number;
  readonly patch: number;
  readonly class: string;
  readonly box: readonly number[];
}

/** A folder of features for one test. */
const store = () => join(folder, `features-${runs++}`);

async function featureFiles(features: string): Promise<string[]> {
  const entries = await readdir(features, { recursive: true }).catch(() => []); // not made yet
  return entries.filter((name) => name.endsWith('.safetensors')).map((name) => join(features, name));
}

const ALL = 7; // images

describe('run --features', () => {
  it.each<[what: string, options: string[]]>([
    ['the built-in model', EMOJI],
    ['tiles', [...EMOJI, '--tiles', '300']],
    ['8 bits', [...EMOJI, '--precision', 'int8']],
    ['OWLv2', ['--model', join(FIXTURES, 'models/owlv2-tiny'), '--class', 'dog=a dog', '--score-floor', '0.01']],
  ])('writes the same bytes whether features are computed or read, with %s', async (_, options) => {
    const features = ['--features', store()];
    const first = await run([...options, ...features, '--workers-per-device', '1', '--max-batch-size', '4']);
    expect(first.features).toEqual({ read: 0, encoded: ALL, damaged: 0 });
    const again = await run([...options, ...features, '--workers-per-device', '2', '--max-batch-size', '1']);
    expect(again.features).toEqual({ read: ALL, encoded: 0, damaged: 0 });
    expect(again.lines).toEqual(first.lines);
    expect(await viewsOf(again.out)).toEqual(await viewsOf(first.out));
    const large = await run([...options, ...features, '--max-batch-size', '32']);
    expect(large.lines).toEqual(first.lines);
    expect(large.lines.join('\n')).toContain('"degraded"');
  });

  it('writes in float32 what a run without features does, and nearly the same scores in float16', async () => {
    const without = await run(EMOJI);
    const exact = await run([...EMOJI, '--features', store(), '--features-dtype', 'float32']);
    expect(exact.lines).toEqual(without.lines);
    const half = await run([...EMOJI, '--features', store()]);
    const exactScores = scoresOf(without);
    let largest = 0;
    for (const [box, score] of scoresOf(half)) largest = Math.max(largest, Math.abs(score - exactScores.get(box)!));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.0005); // as README states; all boxes are the same
  });

  it('annotates again with other prompts and with an example image, without the encoder', async () => {
    const features = ['--features', store()];
    await run([...EMOJI, ...features]);
    const other = await run([...OTHER, ...features]);
    expect(other.features).toMatchObject({ read: ALL, encoded: 0 });
    expect(other.lines).toEqual((await run([...OTHER, '--features', store()])).lines);
    const ontology = join(folder, 'examples.yaml');
    await copyFile(join(SCENES, 'scene-08.jpg'), join(folder, 'example.jpg'));
    await writeFile(ontology, 'classes:\n  - name: thing\n    examples: [example.jpg]\n');
    const examples = ['--model', 'builtin:emoji', '--ontology', ontology];
    const shown = await run([...examples, ...features]);
    expect(shown.features).toMatchObject({ read: ALL, encoded: 0 });
    expect(shown.lines).toEqual((await run([...examples, '--features', store()])).lines);
  });

  it('finds an image by its content: another one under its name is encoded', async () => {
    const features = ['--features', store()];
    await run([...EMOJI, ...features]);
    const path = join(images, SCENE_FILES[0]!);
    const before = await readFile(path);
    try {
      await copyFile(join(SCENES, 'scene-09.jpg'), path);
      const changed = await run([...EMOJI, ...features]);
      expect(changed.features).toEqual({ read: ALL - 1, encoded: 1, damaged: 0 });
      expect(changed.lines).toEqual((await run([...EMOJI, '--features', store()])).lines);
      await writeFile(path, withComment(before, 'other bytes, same pixels'));
      expect((await run([...EMOJI, ...features])).features).toMatchObject({ encoded: 1 });
    } finally {
      await writeFile(path, before);
    }
  });

  it('keeps checkpoints, precisions and sizes apart', async () => {
    const features = ['--features', store()];
    await run([...EMOJI, ...features]);
    for (const other of [
      ['--precision', 'int8'],
      ['--image-size', '96'],
      ['--fit', 'letterbox'],
      ['--tiles', '300'],
    ]) {
      expect((await run([...EMOJI, ...features, ...other])).features).toMatchObject({ read: 0, encoded: ALL });
    }
    const model = join(folder, 'model');
    const tiny = ['--model', model, '--class', 'dog=a dog', '--score-floor', '0.01'];
    for (const name of ['owlvit-tiny', 'owlv2-tiny']) {
      await rm(model, { recursive: true, force: true });
      await mkdir(model);
      const source = join(FIXTURES, 'models', name);
      for (const file of await readdir(source)) await copyFile(join(source, file), join(model, file));
      expect((await run([...tiny, ...features])).features).toMatchObject({ read: 0, encoded: ALL });
    }
  });

  it('computes features again that are damaged, truncated or of another image, and reports them once', async () => {
    const features = store();
    const first = await run([...EMOJI, '--features', features]);
    const [damaged, short, empty, moved, source] = await featureFiles(features);
    const bytes = await readFile(damaged!);
    bytes[bytes.length - 100]! ^= 1;
    await writeFile(damaged!, bytes);
    await truncate(short!, bytes.length - 1);
    await writeFile(empty!, '');
    await copyFile(source!, moved!);
    const again = await run([...EMOJI, '--features', features, '--workers-per-device', '1']);
    expect(again.features).toEqual({ read: ALL - 4, encoded: 4, damaged: 4 });
    expect(again.lines).toEqual(first.lines);
    expect(again.stderr.match(/Some stored features are damaged/g)).toHaveLength(1);
    expect((await run([...EMOJI, '--features', features])).features).toEqual({ read: ALL, encoded: 0, damaged: 0 });
  });

  it('a run that is killed at any time leaves features that can be used', { timeout: 120_000 }, async () => {
    const expected = (await run([...EMOJI, '--features', store()])).lines;
    const features = store();
    for (const least of [1, 3, 5]) {
      const out = join(folder, `out-${runs++}`);
      const running = new Running(['run', images, ...EMOJI, '--features', features, '--out', out]);
      while (running.child.exitCode === null && (await featureFiles(features)).length < least) await sleep(5);
      running.child.kill('SIGKILL');
      await running.finished();
    }
    const last = await run([...EMOJI, '--features', features]);
    expect(last.features).toMatchObject({ damaged: 0 });
    expect(last.lines).toEqual(expected);
  });

  it('fills the store for a finished folder, whose boxes stay as they are', async () => {
    const features = ['--features', store()];
    const { out } = await run(EMOJI);
    const journal = await readFile(join(out, 'detections.jsonl'));
    const views = await viewsOf(out);
    const filled = await run([...EMOJI, ...features], out);
    expect(filled.features).toEqual({ read: 0, encoded: ALL, damaged: 0 });
    expect(filled.stderr).toContain(`Storing the features of ${ALL} annotated images`);
    expect(await readFile(join(out, 'detections.jsonl'))).toEqual(journal);
    expect(await viewsOf(out)).toEqual(views);
    expect((await run([...EMOJI, ...features], out)).features).toBeUndefined();
    expect((await run([...OTHER, ...features])).features).toMatchObject({ read: ALL, encoded: 0 });
    // Images that arrive later get boxes like those of the others.
    const late = join(images, 'zebra.jpg');
    await copyFile(join(SCENES, 'scene-09.jpg'), late);
    try {
      const more = await run([...EMOJI, ...features], out);
      expect(more.features).toEqual({ read: 0, encoded: 1, damaged: 0 });
      expect(more.lines).toEqual((await run(EMOJI)).lines);
    } finally {
      await rm(late);
    }
  });

  it('is a part of the job in float16: a run without it is refused, with the way to finish', async () => {
    const features = store();
    const { out } = await run([...EMOJI, '--features', features]);
    const args = ['run', images, ...EMOJI, '--out', out];
    const refused = await preannotate(args);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--features-dtype float16 to finish') });
    expect(await preannotate([...args, '--features', features])).toMatchObject({ code: 0 });
  });

  it('is offered where the prompts of a folder are others', async () => {
    const features = ['--features', store()];
    const dogs = (prompt: string) => ['--model', 'builtin:emoji', '--class', `dog=${prompt}`];
    const { out } = await run([...dogs('a dog'), ...features]);
    const args = ['run', images, ...dogs('a puppy'), '--out', out];
    const offered = await preannotate([...args, ...features]);
    expect(offered).toMatchObject({ code: 2, stderr: expect.stringContaining('are annotated without their encoder') });
    expect(offered.stderr).toContain(`the same command with --out ${out}-2`);
    await mkdir(`${out}-2`);
    expect((await preannotate([...args, ...features])).stderr).toContain(`the same command with --out ${out}-3`);
    const without = await preannotate(['run', images, ...dogs('a puppy'), '--out', (await run(dogs('a dog'))).out]);
    expect(without).toMatchObject({ code: 2, stderr: expect.stringContaining('with --features features --out') });
    const again = await preannotate([...args, ...features, '--restart']);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining(`${ALL} images from stored features`) });
  });

  it('refuses an export by name, a folder of others, and a queue', async () => {
    const args = ['run', images, '--class', 'dog=a dog', '--out', join(folder, 'refused')];
    const model = await exportOf('owlvit-tiny', { opset: 17 }, { kind: 'int8' });
    for (const dry of [[], ['--dry-run']]) {
      const refused = await preannotate([...args, '--model', model, '--features', store(), ...dry]);
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is an ONNX export') });
      expect(refused.stderr).toContain(model);
    }
    const emoji = [...args, '--model', 'builtin:emoji'];
    const foreign = await preannotate([...emoji, '--features', images]);
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a features folder') });
    const owlv2 = ['--model', join(FIXTURES, 'models/owlv2-tiny'), '--fit', 'unpadded'];
    const unpadded = await preannotate([...args, ...owlv2, '--features', store()]);
    expect(unpadded).toMatchObject({ code: 2, stderr: expect.stringContaining('--fit unpadded leaves out') });
    const queue = await preannotate([...emoji, '--features', store(), '--queue', 'redis://127.0.0.1:1']);
    expect(queue).toMatchObject({ code: 2, stderr: expect.stringContaining('--features') });
  });
});
