import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TEMPLATE_LISTS } from '../../../src/config/ontology/template-lists.js';
import { buildOntology, type OntologySpec } from '../../../src/core/ontology.js';
import { Detector } from '../../../src/model/detector.js';
import { familyOf, traitsOf } from '../../../src/model/families.js';
import { openSession } from '../../../src/model/session.js';
import { findModel, type Model } from '../../../src/model/source.js';
import { ort } from '../../../src/onnx/runtime.js';
import { averageTexts, normalise } from '../../../src/workers/queries/average-texts.js';
import { QueryEncoder } from '../../../src/workers/queries/query-encoder.js';
import { exportOf } from '../../support/model/optimum/open.js';
import { FIXTURES } from '../../support/model/golden.js';

const TOLERANCE = 1e-6; // of logits; relative above 1, where that is what float32 holds

const SEVEN = TEMPLATE_LISTS.owl;

const SPEC: OntologySpec = {
  templates: [],
  classes: [
    { name: 'cup', id: 1, prompts: ['cup', 'mug'] },
    { name: 'dog', id: 2, prompts: ['dog'] },
    { name: 'pen', id: 3, prompts: ['pen'] },
  ],
  ignore: ['box'],
};

const DEVICE = { provider: 'cpu' } as const;

async function find(reference: string): Promise<Model> {
  return findModel(reference, {
    precision: 'auto',
    watcher: { progress: () => {}, note: () => {} },
    variables: process.env,
  });
}

/** Scores one noisy image against the prompts of {@link SPEC} in some templates: [P * Q] logits. */
async function openScorer(model: Model) {
  const { checkpoint } = model;
  const detector = await Detector.open({
    checkpoint,
    device: DEVICE,
    threads: 1,
    scoreFloor: 0.05,
    maxDetections: 300,
    precision: 'fp32',
    optimizer: 'onnxrt',
  });
  const artifact = await familyOf(checkpoint).openArtifact(checkpoint, { device: DEVICE, precision: 'fp32' });
  const size = traitsOf(checkpoint).inputSize();
  const { graph, weightsFolder } = artifact.image({ size, maxDetections: 300, raw: true });
  const session = await openSession(graph, { device: DEVICE, threads: 1, weightsFolder });
  const pixels = Uint8Array.from({ length: size.height * size.width * 3 }, (_, i) => (i * 7919 + (i >> 5) * 31) % 256);
  return async (templates: readonly string[]): Promise<Float32Array> => {
    const ontology = buildOntology({ ...SPEC, templates });
    const source = {
      model,
      ontology,
      allowTruncate: false,
      exampleRule: 'auto',
      fit: 'stretch',
      positions: 'interpolate', // of examples
      places: { whole: '', byLabel: {} },
    } as const;
    const encoder = new QueryEncoder(source, async (what) => {
      if (what.type !== 'encode') throw new Error('there are no examples');
      return { embeddings: await detector.encode(what.tokenIds), failures: [], choices: [] };
    });
    const { embeddings, classIds } = await encoder.prepare(ontology, false);
    const count = classIds.length;
    const outputs = await session.run({
      pixels: new ort.Tensor('uint8', pixels, [1, size.height, size.width, 3]),
      queries: new ort.Tensor('float32', embeddings, [count, embeddings.length / count]),
      groups: new ort.Tensor(
        'int64',
        BigInt64Array.from(classIds, (_, i) => BigInt(i)),
        [count, 1],
      ),
      offsets: new ort.Tensor('float32', new Float32Array(count), [count]),
      allowed: new ort.Tensor('float32', new Float32Array(count), [1, count]),
    });
    return (outputs['logits'] ?? outputs['raw_logits'])!.data as Float32Array;
  };
}

/** The largest difference, relative where logits are above 1. */
function distance(logits: Float32Array, expected: Float64Array): number {
  expect(logits.length).toBe(expected.length);
  return Math.max(...Array.from(logits, (logit, i) => Math.abs(logit - expected[i]!) / Math.max(1, Math.abs(logit))));
}

async function meanOfSingleRuns(score: Awaited<ReturnType<typeof openScorer>>): Promise<Float64Array> {
  const runs: Float32Array[] = [];
  for (const template of SEVEN) runs.push(await score([template]));
  return Float64Array.from(runs[0]!, (_, i) => runs.reduce((sum, logits) => sum + logits[i]!, 0) / runs.length);
}

describe('the logits of seven templates', () => {
  it.each(['owlvit-tiny', 'owlv2-tiny', 'builtin:emoji'])(
    'are the mean of those of seven runs with one template each, with %s',
    async (name) => {
      const score = await openScorer(await find(name.startsWith('builtin:') ? name : join(FIXTURES, 'models', name)));
      const mean = await meanOfSingleRuns(score);
      expect(distance(await score(SEVEN), mean)).toBeLessThan(TOLERANCE);
      expect(distance(await score([SEVEN[0]!]), mean)).toBeGreaterThan(1000 * TOLERANCE);
    },
  );

  it('are not, with an export, which normalises queries in its own graph', async () => {
    const score = await openScorer(await find(await exportOf('owlvit-tiny', {})));
    const difference = distance(await score(SEVEN), await meanOfSingleRuns(score));
    expect(difference).toBeGreaterThan(TOLERANCE);
    expect(difference).toBeLessThan(1);
  });
});

describe('averageTexts', () => {
  it('gives the mean of the unit vectors of each prompt, shorter than 1 where they differ', () => {
    const embeddings = Float32Array.of(3, 4, 0, 2, -5, 0);
    const queries = averageTexts(embeddings, [2, 1], 2);
    expect([...queries.map((value) => Math.round(value * 1e5))]).toEqual([30000, 90000, -100000, 0]);
  });

  it('divides as the class head of transformers does', () => {
    const [x, y] = normalise(Float32Array.of(0.006, 0.008)); // so short that the epsilon shows
    expect(x).toBeCloseTo(0.006 / 0.010001, 7);
    expect(y).toBeCloseTo(0.008 / 0.010001, 7);
  });
});
