import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { PRECISIONS } from '../../src/core/precision.js';
import { Detector } from '../../src/model/detector.js';
import { familyOf } from '../../src/model/families.js';
import { buildQueryInputs, groupQueries, type QueryBank } from '../../src/model/query-groups.js';
import { readCheckpoint } from '../../src/model/read-checkpoint.js';
import { openSession } from '../../src/model/session.js';
import { ort } from '../../src/onnx/runtime.js';
import { FIXTURES, goldenCases, tensorsOf } from '../support/model/golden.js';
import { runGolden } from '../support/model/golden-model.js';
import { Random } from '../support/random.js';

const cache = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
vi.stubEnv('XDG_CACHE_HOME', cache); // 8-bit weights go there
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

const TINY = join(FIXTURES, 'models/owlv2-tiny');
const CASES = goldenCases('forward').filter(({ model }) => model === 'owlv2-tiny');

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

/** A limit that about half of the values are below, as far as possible from all of them. */
function limitWithin(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.slice(Math.floor(sorted.length / 3), Math.ceil((sorted.length * 2) / 3));
  const gaps = middle.slice(1).map((value, i) => value - middle[i]!);
  const widest = gaps.indexOf(Math.max(...gaps));
  return (middle[widest]! + middle[widest + 1]!) / 2;
}

/** Checks the ranked pairs of every image against all logits and the objectness of all patches. */
async function checkRanking(
  golden: (typeof CASES)[number],
  { precision, reference }: { precision: (typeof PRECISIONS)[number]; reference?: ArrayLike<number> },
): Promise<void> {
  const open = await runGolden(golden, { precision });
  const objectness = Array.from(reference ?? open.outputs.objectness_logits, sigmoid);
  const limit = limitWithin(objectness);
  const { outputs, allQueries } = await runGolden(golden, { precision, minObjectness: limit });
  const images = golden.images.length;
  const patches = objectness.length / images;
  const ranked = outputs.scores.length / images;
  for (let image = 0; image < images; image++) {
    const isIn = (patch: number) => objectness[image * patches + patch]! >= limit;
    const logits = outputs.logits.slice(image * patches * allQueries, (image + 1) * patches * allQueries);
    const expected = Array.from(logits)
      .filter((_, pair) => isIn(Math.floor(pair / allQueries)))
      .sort((a, b) => b - a)
      .slice(0, ranked);
    expect(expected.length).toBeLessThan(logits.length);
    const scores = [...outputs.scores.slice(image * ranked, (image + 1) * ranked)];
    const pairs = outputs.pairs.slice(image * ranked, (image + 1) * ranked);
    expected.forEach((logit, rank) => {
      expect(scores[rank]).toBeCloseTo(sigmoid(logit), 5);
      expect(isIn(Math.floor(pairs[rank]! / allQueries))).toBe(true);
    });
    expect(scores.slice(expected.length)).toEqual(Array(Math.max(0, ranked - expected.length)).fill(0));
  }
}

describe('a least objectness', () => {
  it.each(CASES.map((golden) => [golden.name, golden] as const))(
    'leaves of the reference case %s the pairs of patches that reach it, best first',
    async (_, golden) => {
      const { data } = tensorsOf(golden)('objectness_logits');
      await checkRanking(golden, { precision: 'fp32', reference: data });
    },
  );

  it.each(PRECISIONS)('is applied in %s', async (precision) => {
    for (const name of ['owlv2-b1-q5-sizes', 'owlv2-b3-q2']) {
      await checkRanking(
        CASES.find((golden) => golden.name === name)!,
        { precision },
      );
    }
  });
});

describe('a detector with a least objectness', () => {
  const SIDE = 98;
  const CPU = { provider: 'cpu' } as const;
  const random = new Random(5);
  const pixels = Uint8Array.from({ length: 3 * SIDE * SIDE * 3 }, () => random.below(256));
  const size = { width: 300, height: 200 };
  const ofImage = (image: number) => pixels.slice((image * pixels.length) / 3, ((image + 1) * pixels.length) / 3);

  const open = async (minObjectness?: number) =>
    Detector.open({
      checkpoint: await readCheckpoint(TINY),
      device: CPU,
      threads: 1,
      scoreFloor: 0,
      maxDetections: 10_000,
      precision: 'fp32',
      optimizer: 'onnxrt',
      ...(minObjectness === undefined ? {} : { minObjectness }),
    });

  /** Of each image the probability of each patch. */
  async function objectnessOf(banks: readonly QueryBank[]): Promise<number[][]> {
    const checkpoint = await readCheckpoint(TINY);
    const artifact = await familyOf(checkpoint).openArtifact(checkpoint, { precision: 'fp32', device: CPU });
    const inputSize = { height: SIDE, width: SIDE };
    const { graph, weightsFolder } = artifact.image({ size: inputSize, maxDetections: 1, raw: true });
    const session = await openSession(graph, { device: CPU, threads: 1, weightsFolder });
    const { objectness_logits: logits } = await session.run({
      pixels: new ort.Tensor('uint8', pixels, [banks.length, SIDE, SIDE, 3]),
      ...buildQueryInputs(groupQueries(new Set(banks)), banks),
    });
    const values = Array.from(logits!.data as Float32Array, sigmoid);
    const patches = values.length / banks.length;
    return banks.map((_, image) => values.slice(image * patches, (image + 1) * patches));
  }

  it('gives what the model gives, without the patches below it, whatever else is in the batch', async () => {
    await using all = await open();
    const embeddings = await all.encode([5, 9, 17].map((word) => [852, word, 853]));
    const three = { embeddings, classIds: [0, 1, 2] };
    const one = { embeddings: embeddings.slice(0, embeddings.length / 3), classIds: [0] };
    const banks = [three, one, three];
    const sizes = banks.map(() => size);
    const everything = await all.detect(pixels, sizes, banks);
    await using none = await open(0);
    expect(await none.detect(pixels, sizes, banks)).toEqual(everything);

    const objectness = await objectnessOf(banks);
    const limit = limitWithin(objectness.flat());
    await using limited = await open(limit);
    const found = await limited.detect(pixels, sizes, banks);
    for (const [i, bank] of banks.entries()) {
      const expected = everything[i]!.filter(({ patchId }) => objectness[i]![patchId]! >= limit);
      expect(expected.length).toBeGreaterThan(0);
      expect(expected.length).toBeLessThan(everything[i]!.length);
      expect(found[i]).toEqual(expected);
      expect(await limited.detect(ofImage(i), [size], [bank])).toEqual([expected]);
    }
  });
});
