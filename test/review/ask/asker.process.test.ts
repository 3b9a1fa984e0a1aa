import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PIXEL_STEPS, SCORE_STEPS, type GalleryPack } from '../../../src/core/gallery/pack.js';
import { buildOntology } from '../../../src/core/ontology.js';
import { LIKE_THRESHOLD, toOntology, toOntologyOfLike } from '../../../src/review/ask/question.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { FIXTURES } from '../../support/model/golden.js';
import { openAsker } from '../../support/review/built.js';
import { recordsOf, type StoredRecord } from '../../support/review/records.js';
import { temporaryFolder } from '../../support/temporary.js';

const NEVER = new AbortController().signal;
const QUESTION = ['a photo of a cup', 'a photo of a bottle', 'a photo of a donut'];
const OBJECTNESS = ['--model', join(FIXTURES, 'models/owlv2-tiny'), '--min-objectness', '0.3'];

/** Annotates a few scenes with features, and again with the question from these. */
async function runTwice(flags: readonly string[]) {
  const folder = await temporaryFolder();
  const images = join(folder, 'images');
  for (const name of ['scene-01.jpg', 'scene-02.jpg', 'scene-03.jpg', 'scene-04.jpg']) {
    await cp(join(SCENES, name), join(images, name));
  }
  const asked = join(folder, 'asked.yaml');
  await writeFile(asked, JSON.stringify({ classes: QUESTION }));
  const features = join(folder, 'features');
  const run = async (name: string, ontology: readonly string[]) => {
    const out = join(folder, name);
    const model = flags.includes('--model') ? [] : ['--model', 'builtin:emoji'];
    const where = ['--features', features, '--out', out, '--format', 'coco', '--quiet'];
    const { code, stderr } = await preannotate(['run', images, ...model, ...flags, ...ontology, ...where]);
    expect(`${String(code)} ${stderr}`).toBe('0 ');
    return out;
  };
  const out = await run('first', ['--class', 'cat']);
  const expected = await recordsOf(await run('again', ['--ontology', asked]));
  return { folder, images, features, out, expected };
}

/** The boxes of an answer, as a run's journal has them. */
function boxesOf({ facts, boxes }: GalleryPack): StoredRecord[] {
  return facts.images.names.map((image, i) => ({
    image,
    detections: Array.from({ length: boxes.starts[i + 1]! - boxes.starts[i]! }, (_, offset) => {
      const at = boxes.starts[i]! + offset;
      return {
        class: facts.classes[boxes.classes[at]!]!.name,
        prompt: facts.prompts[boxes.prompts[at]!]!.text,
        score: boxes.scores[at]! / SCORE_STEPS,
        box: [...boxes.corners.subarray(4 * at, 4 * at + 4)].map((side) => side / PIXEL_STEPS),
        patch: boxes.patches[at]!,
      };
    }),
  }));
}

describe('a question about a run', () => {
  it.each([
    ['whole images', []],
    ['float32', ['--features-dtype', 'float32']],
    ['tiles', ['--tiles', '160,overlap=0.3']],
    ['8 bits', ['--precision', 'int8']],
    ['objectness', [...OBJECTNESS, '--score-floor', '0.001']],
  ])('finds what a run with its prompts finds: %s', async (_, flags) => {
    const { out, features, images, expected } = await runTwice(flags);
    await rm(images, { recursive: true }); // nothing reads them
    await using asker = await openAsker(out, features);
    const answer = await asker.ask(toOntology(QUESTION, asker.run.ontology), NEVER);
    expect(answer.facts.failures).toEqual([]);
    expect(boxesOf(answer)).toEqual(expected);
    expect(expected.flatMap(({ detections }) => detections).length).toBeGreaterThan(3);
  });

  it('names images whose features are not stored, and answers for the others', async () => {
    const { out, features, expected } = await runTwice([]);
    const files = (await readdir(features, { recursive: true })).filter((name) => name.endsWith('.safetensors'));
    await rm(join(features, files[0]!));
    await using asker = await openAsker(out, features);
    const answer = await asker.ask(toOntology(QUESTION, asker.run.ontology), NEVER);
    expect(answer.facts.failures).toEqual([
      { name: expect.stringMatching(/^scene-0\d\.jpg$/) as string, code: 'IMAGE_UNREADABLE', message: NOT_STORED },
    ]);
    const missing = answer.facts.failures[0]!.name;
    expect(boxesOf(answer)).toEqual(
      expected.map((record) => (record.image === missing ? { ...record, detections: [] } : record)),
    );
  });

  it.each([
    ['whole images', []],
    ['tiles', ['--tiles', '160,overlap=0.3']],
    ['objectness', [...OBJECTNESS, '--score-floor', '0.001']],
  ])('finds what is like the object in a box, best where it is itself: %s', async (_, flags) => {
    const { out, features, expected } = await runTwice(flags);
    await using asker = await openAsker(out, features);
    const [best] = expected.flatMap(({ image, detections }) => detections.map((one) => ({ image, ...one })));
    const id = asker.run.imageIds.of(best!.image);
    const like = toOntologyOfLike({ image: await asker.imageOf(id), box: best!.box as never });
    const { facts, boxes } = await asker.ask(like, NEVER);
    expect(facts.classes).toEqual([{ name: 'like this', threshold: LIKE_THRESHOLD }]);
    const top = boxes.scores.indexOf(Math.max(...boxes.scores));
    const at = facts.images.names.indexOf(best!.image);
    expect(top).toBeGreaterThanOrEqual(boxes.starts[at]!);
    expect(top).toBeLessThan(boxes.starts[at + 1]!);
  });

  it('gives its reason for what cannot be asked', async () => {
    const { out, features } = await runTwice([]);
    await using asker = await openAsker(out, features);
    const long = buildOntology({ ...asker.run.ontology, classes: [{ name: 'a', id: 1, prompts: ['so '.repeat(40)] }] });
    await expect(asker.ask(long, NEVER)).rejects.toThrow(/tokens long, the model reads 16/);
    expect(toOntology(['a dog', 'A  dog'], asker.run.ontology).classes).toMatchObject([{ name: 'a dog' }]);
    await expect(asker.imageOf(99)).rejects.toThrow('no image with the number 99');
    const image = await asker.imageOf(1);
    expect(() => toOntologyOfLike({ image, box: [900, 900, 950, 950] as never })).toThrow('less than a pixel');
  });

  it('is given up when its signal comes, and the next one is answered', async () => {
    const { out, features, expected } = await runTwice([]);
    await using asker = await openAsker(out, features, 200);
    const ontology = toOntology(QUESTION, asker.run.ontology);
    const given = new AbortController();
    const first = asker.ask(ontology, given.signal);
    given.abort(new Error('a newer question'));
    await expect(first).rejects.toThrow('a newer question');
    expect(boxesOf(await asker.ask(ontology, NEVER))).toEqual(expected);
    expect(await workers()).not.toEqual([]);
    await expect.poll(workers, { timeout: 30_000 }).toEqual([]); // 200 ms without a question ended them: others answer
    expect(boxesOf(await asker.ask(ontology, NEVER))).toEqual(expected);
  });
});

const NOT_STORED = 'its features are not stored.';

/** Process ids of the workers of this process. */
async function workers(): Promise<string[]> {
  const tasks = await readdir('/proc/self/task');
  const lists = await Promise.all(tasks.map((task) => readText(`/proc/self/task/${task}/children`)));
  const pids = lists.flatMap((list) => list.trim().split(' ')).filter(Boolean);
  const commands = await Promise.all(pids.map((pid) => readText(`/proc/${pid}/cmdline`)));
  return pids.filter((_, i) => commands[i]!.includes('worker.js'));
}

function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => ''); // it has ended
}
