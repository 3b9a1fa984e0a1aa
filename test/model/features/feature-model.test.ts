import { describe, expect, it } from 'vitest';
import type { FeatureDtype } from '../../../src/core/inference/feature-dtype.js';
import type { Precision } from '../../../src/core/precision.js';
import { IGNORED } from '../../../src/core/ontology.js';
import type { Detection } from '../../../src/core/detection.js';
import { Detector, type DetectorOptions } from '../../../src/model/detector.js';
import { prepareImageWeights } from '../../../src/model/image-weights.js';
import type { QueryBank } from '../../../src/model/query-groups.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { goldenCases, tensorsOf, type GoldenCase } from '../../support/model/golden.js';
import { modelFolderOf, runGolden } from '../../support/model/golden-model.js';
import { pixelsOf } from '../../support/model/pixels.js';

/** Largest difference of a score by float16 over all cases; fixtures/docs/features.md states what was measured. */
const SCORE_DIFFERENCE = 2e-4;

/** One of each model, with several images and queries. */
const CASES = goldenCases('forward');

describe.each(CASES)('features of reference case $name', (golden) => {
  const limits = golden.model === 'owlv2-tiny' ? [undefined, 0.3] : [undefined];

  it.each(limits)('give the same boxes in float32 as one graph does (least objectness %s)', async (minObjectness) => {
    const limit = minObjectness === undefined ? {} : { minObjectness };
    const plain = await detectGolden(golden, limit);
    expect(plain.flat().length).toBeGreaterThan(0);
    expect(await detectGolden(golden, { ...limit, features: form('float32') })).toEqual(plain);
    expect(await detectGolden(golden, { ...limit, features: form('float16', true) })).toEqual(plain);
  });

  it('give the same boxes where a class has several queries, and where some are ignored', async () => {
    const groupings = [(query: number) => query >> 1, (query: number) => (query === 1 ? IGNORED : query)];
    for (const classOf of groupings) {
      const plain = await detectGolden(golden, { classOf });
      expect(plain.flat().length).toBeGreaterThan(0);
      expect(await detectGolden(golden, { classOf, features: form('float32') })).toEqual(plain);
    }
  });

  it('give the same boxes in float16, with scores that differ as little as the documentation states', async () => {
    const plain = byPair(await detectGolden(golden, {}));
    const half = byPair(await detectGolden(golden, { features: form('float16') }));
    let largest = 0;
    for (const [pair, { score, box }] of half) {
      const exact = plain.get(pair);
      if (exact === undefined) continue; // at the floor of scores
      expect(box).toEqual(exact.box);
      largest = Math.max(largest, Math.abs(score - exact.score));
    }
    expect(largest).toBeLessThan(SCORE_DIFFERENCE);
    expect(Math.abs(half.size - plain.size)).toBeLessThan(3);
  });
});

describe('features that were kept', () => {
  const [golden] = CASES;

  it.each(['fp32', 'int8'] as const)(
    'give what they gave when they were computed, in any batch (%s)',
    async (precision) => {
      for (const dtype of ['float16', 'float32'] as const) {
        const { detector, pixels, sizes, queries } = await openGolden(golden!, { precision, features: form(dtype) });
        await using opened = detector;
        const bytes = pixels.length / sizes.length;
        const alone: Detection[][] = [];
        const kept = [];
        for (const [image, size] of sizes.entries()) {
          const [input] = await opened.features.encode(pixels.slice(image * bytes, (image + 1) * bytes), 1);
          const copies = [...input!.tensors].map(([name, data]) => [name, data.slice()] as const);
          kept.push({ tensors: new Map(copies) });
          alone.push(...(await opened.detectEncoded([input!], [size], [queries])));
        }
        expect(await opened.detectEncoded(kept, sizes, fill(sizes.length, queries))).toEqual(alone);
      }
    },
  );
});

function form(dtype: FeatureDtype, exact = false) {
  return { dtype, exact };
}

function fill<Value>(count: number, value: Value): Value[] {
  return Array<Value>(count).fill(value);
}

type Options = Partial<DetectorOptions> & {
  readonly precision?: Precision;
  readonly classOf?: (query: number) => number;
};

async function openGolden(golden: GoldenCase, { precision = 'fp32', classOf = (query) => query, ...more }: Options) {
  const checkpoint = await readCheckpoint(modelFolderOf(golden), precision);
  const imageWeights = await prepareImageWeights({ checkpoint, key: checkpoint.folder }, precision);
  const pixelValues = tensorsOf(golden)('pixel_values');
  const { size, pixels } = pixelsOf(checkpoint, pixelValues);
  const detector = await Detector.open({
    ...{ checkpoint, imageWeights, precision, imageSize: size, device: { provider: 'cpu' }, threads: 1 },
    ...{ scoreFloor: 0, maxDetections: 300, optimizer: 'onnxrt', ...more },
  });
  const { embeddings, allQueries } = await encodeTexts(golden);
  const queries: QueryBank = { embeddings, classIds: Array.from({ length: allQueries }, (_, i) => classOf(i)) };
  return {
    detector,
    queries,
    pixels: Uint8Array.from(pixels, Math.round),
    sizes: fill(golden.images.length, size),
  };
}

const texts = new Map<string, ReturnType<typeof runGolden>>();

function encodeTexts(golden: GoldenCase) {
  const encoded = texts.get(golden.name) ?? runGolden(golden);
  texts.set(golden.name, encoded);
  return encoded;
}

async function detectGolden(golden: GoldenCase, options: Options): Promise<Detection[][]> {
  const { detector, pixels, sizes, queries } = await openGolden(golden, options);
  await using opened = detector;
  return await opened.detect(pixels, sizes, fill(sizes.length, queries));
}

function byPair(found: readonly Detection[][]): Map<string, Detection> {
  return new Map(
    found.flatMap((detections, image) =>
      detections.map((one) => [`${image} ${one.patchId} ${one.classId}`, one] as const),
    ),
  );
}
