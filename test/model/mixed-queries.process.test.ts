import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Size } from '../../src/core/box.js';
import type { Detection } from '../../src/core/detection.js';
import { IGNORED, buildOntology } from '../../src/core/ontology.js';
import type { Precision } from '../../src/core/precision.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { Detector } from '../../src/model/detector.js';
import { prepareImageWeights } from '../../src/model/image-weights.js';
import type { QueryBank } from '../../src/model/query-groups.js';
import { PromptTokenizer } from '../../src/model/tokenizer.js';
import { BatchScheduler } from '../../src/workers/child/batch-scheduler.js';
import { FIXTURES } from '../support/model/golden.js';
import { exportOf } from '../support/model/optimum/open.js';

const WORDS =
  'cat dog bird fork spoon knife bottle glass plate chair table lamp door window roof tree car bus van'.split(' ');
const COLOURS = ['red', 'green', 'blue'];
const FIFTY = COLOURS.flatMap((colour) => WORDS.map((word) => `a ${colour} ${word}`)).slice(0, 50);

/** Prompts by class, and those to ignore. */
const ONTOLOGIES: readonly (readonly [classes: readonly (readonly string[])[], ignore: readonly string[]])[] = [
  [[['a cat']], []],
  [FIFTY.map((prompt) => [prompt]), []],
  [[...FIFTY].reverse().map((prompt) => [prompt]), []], // the same prompts under other numbers
  [[FIFTY.slice(0, 12), ['a cat'], FIFTY.slice(20, 25)], []],
  [[['a cat', 'a red dog'], ['a blue bird']], FIFTY.slice(3, 9)],
  [[['a lamp']], ['a roof', 'a cat']],
  [[['a green van'], ['a cat']], ['a lamp']], // ignores what another looks for
];

const cache = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
process.env['XDG_CACHE_HOME'] = cache; // 8-bit weights go there
afterAll(() => rm(cache, { recursive: true }));

/** Sizes of five originals, wide and high, and random pixels of five inputs. */
const SIZES: readonly Size[] = [400, 120, 300, 77, 640].map((width, i) => ({ width, height: 100 + 60 * i }));
const pixelsFor = ({ inputSize: { height, width } }: Detector) =>
  Array.from(SIZES, (_, image) =>
    Uint8Array.from({ length: height * width * 3 }, (_, i) => ((i + 1) * (7919 + 1009 * image) + (i >> 6) * 31) % 251),
  );

interface Opened {
  readonly detector: Detector;
  readonly banks: readonly QueryBank[];
  readonly pixels: readonly Uint8Array[];
}

async function open(folder: string, options: { precision?: Precision; maxDetections?: number } = {}): Promise<Opened> {
  const { precision = 'fp32', maxDetections = 300 } = options;
  const checkpoint = await readCheckpoint(folder, precision);
  const imageWeights = await prepareImageWeights({ checkpoint, key: folder }, precision);
  const session = { device: { provider: 'cpu' }, threads: 1, optimizer: 'onnxrt' } as const;
  const detector = await Detector.open({
    ...{ checkpoint, precision, imageWeights, ...session },
    ...{ maxDetections, scoreFloor: 0 },
  });
  return { detector, banks: await banksOf(detector, folder), pixels: pixelsFor(detector) };
}

async function banksOf(detector: Detector, folder: string): Promise<QueryBank[]> {
  const tokenizer = await PromptTokenizer.open(folder, 16);
  const banks: QueryBank[] = [];
  for (const [classes, ignore] of ONTOLOGIES) {
    const named = classes.map((prompts, i) => ({ name: `class ${i}`, id: i + 1, prompts }));
    const { queries } = buildOntology({ templates: [], classes: named, ignore });
    const embeddings = await detector.encode(queries.map(({ prompt }) => tokenizer.truncate(tokenizer.encode(prompt))));
    banks.push({ embeddings, classIds: queries.map(({ classId }) => classId) });
  }
  return banks;
}

/** An image and the bank that is to be used on it. */
type Pair = readonly [image: number, bank: number];

/** Each pair in a call of its own. */
async function aloneInTurn(opened: Opened, pairs: readonly Pair[]): Promise<Detection[][]> {
  const alone: Detection[][] = [];
  for (const pair of pairs) alone.push(...(await together(opened, [pair])));
  return alone;
}

/** In as few passes as a worker needs. */
async function together({ detector, banks, pixels }: Opened, pairs: readonly Pair[]): Promise<Detection[][]> {
  const scheduler = new BatchScheduler<{ index: number; image: number; queries: QueryBank }>(
    detector.imagesAtOnce,
    () => {},
  );
  for (const [index, [image, bank]] of pairs.entries()) scheduler.add({ index, image, queries: banks[bank]! });
  const found: Detection[][] = [];
  while (scheduler.size > 0) {
    const { batch, results } = await scheduler.run((items) =>
      detector.detect(
        Buffer.concat(items.map(({ image }) => pixels[image]!)),
        items.map(({ image }) => SIZES[image]!),
        items.map(({ queries }) => queries),
      ),
    );
    for (const [i, { index }] of batch.entries()) found[index] = results[i]!;
  }
  return found;
}

/** Every bank beside every other, each with another image. */
const MIXED: readonly Pair[] = ONTOLOGIES.map((_, bank) => [bank % SIZES.length, bank]);

describe.each(['owlvit-tiny', 'owlv2-tiny'])('images of %s with different ontologies', (model) => {
  const folder = join(FIXTURES, 'models', model);

  it.each([1, 10, 300, 100_000])(
    'get in one batch what each gets alone, of at most %i pairs',
    async (maxDetections) => {
      const opened = await open(folder, { maxDetections });
      await using _ = opened.detector;
      const alone = await aloneInTurn(opened, MIXED);
      const found = await together(opened, MIXED);
      expect(found).toEqual(alone);
      expect(found.flat().length).toBeGreaterThan(0);
    },
  );

  it('never see the classes of others, even where their own give fewer pairs than are kept', async () => {
    const opened = await open(folder, { maxDetections: 100_000 });
    await using _ = opened.detector;
    const [one, fifty] = await together(opened, [
      [0, 0],
      [1, 1],
    ]);
    expect(one!.length).toBeLessThanOrEqual(opened.detector.patches);
    expect(new Set(one!.map(({ classId, queryId }) => `${classId} ${queryId}`))).toEqual(new Set(['0 0']));
    expect(fifty!.length).toBeGreaterThan(10 * opened.detector.patches);
    expect(Math.max(...fifty!.map(({ queryId }) => queryId))).toBeGreaterThan(40);
  });

  it('lose no patch to a prompt that only another one ignores', async () => {
    const opened = await open(folder);
    await using _ = opened.detector;
    const { embeddings, classIds } = opened.banks[1]!;
    const twenty = embeddings.slice(0, (20 * embeddings.length) / classIds.length);
    const wanted = { embeddings: twenty, classIds: classIds.slice(0, 20) };
    const ignoring = { embeddings: twenty, classIds: Array<number>(20).fill(IGNORED) };
    const banks = { ...opened, banks: [wanted, ignoring] };
    const [nothing, found] = await together(banks, [
      [0, 1],
      [0, 0],
    ]);
    expect(nothing).toEqual([]);
    expect(found).toEqual((await together(banks, [[0, 0]]))[0]);
    expect(found!.length).toBeGreaterThan(100);
  });

  it.each<[string, Precision, () => Promise<string>]>([
    ['in float16', 'fp16', () => Promise.resolve(folder)],
    ['in 8 bits', 'int8', () => Promise.resolve(folder)],
    ['of an export', 'fp32', () => exportOf(model, {})],
    ['of an export in opset 11', 'fp32', () => exportOf(model, { opset: 11 })],
    ['of an export for one image', 'fp32', () => exportOf(model, { batch: 1 })],
    ['of an export in float16', 'fp16', () => exportOf(model, { kind: 'fp16' })],
    ['of an export in 8 bits', 'int8', () => exportOf(model, { kind: 'int8' })],
  ])('get the same %s', async (_what, precision, folderOf) => {
    const opened = await open(await folderOf(), { precision });
    await using _ = opened.detector;
    const alone = await aloneInTurn(opened, MIXED);
    const found = await together(opened, MIXED);
    expect(found).toEqual(alone);
  });
});

describe('any batch', () => {
  let opened: Opened;
  let alone: Detection[][]; // every image with every bank
  beforeAll(async () => {
    opened = await open(join(FIXTURES, 'models/owlvit-tiny'));
    alone = await aloneInTurn(
      opened,
      SIZES.flatMap((_, image) => ONTOLOGIES.map((_, bank) => [image, bank] as const)),
    );
  });
  afterAll(() => opened.detector[Symbol.asyncDispose]());

  it('gives each image what it gets alone, whatever the others are and in whatever order they come', async () => {
    const pair = fc.tuple(fc.nat(SIZES.length - 1), fc.nat(ONTOLOGIES.length - 1));
    const batches = fc.array(pair, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(batches, async (pairs) => {
        const found = await together(opened, pairs);
        expect(found).toEqual(pairs.map(([image, bank]) => alone[image * ONTOLOGIES.length + bank]));
      }),
      { numRuns: 1000 }, // of 35 pairs
    );
  });

  it('gives each image what it gets alone, also when its queries are thousands', async () => {
    const { banks } = opened;
    const repeated = (bank: QueryBank, times: number): QueryBank => ({
      embeddings: Float32Array.from(
        Array<Float32Array>(times)
          .fill(bank.embeddings)
          .flatMap((rows) => [...rows]),
      ),
      classIds: Array.from({ length: times * bank.classIds.length }, (_, i) => i),
    });
    const large = [repeated(banks[1]!, 30), repeated(banks[2]!, 30), banks[0]!];
    const pairs: readonly Pair[] = [0, 1, 2, 0, 1].map((bank, image) => [image, bank]);
    const several = { ...opened, banks: large };
    expect(await together(several, pairs)).toEqual(await aloneInTurn(several, pairs));
  });
});
