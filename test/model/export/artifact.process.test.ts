import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Artifact, GraphSource } from '../../../src/model/artifact.js';
import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { traitsOf } from '../../../src/model/families.js';
import { openSession } from '../../../src/model/session.js';
import { ort } from '../../../src/onnx/runtime.js';
import { goldenCases, maxDifference, tensorsOf } from '../../support/model/golden.js';
import { runGolden } from '../../support/model/golden-model.js';
import { artifactOf, exportOf, runWhole, weightsOf } from '../../support/model/optimum/open.js';
import type { ExportOptions } from '../../support/model/optimum/torch-graph.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU
const MODELS = ['owlvit-tiny', 'owlv2-tiny'] as const;

/** Whose images have the size that exports take: one image and five texts, three images and two texts each. */
const CASES = goldenCases('forward').filter(({ name }) => /b1-q5-debug|b3-q2|b3-ragged-blank/.test(name));

const WRITINGS: readonly (readonly [string, Partial<ExportOptions>])[] = [
  ['opset 11, constants as initializers, text first', { opset: 11, constants: 'initializers', textFirst: true }],
  ['opset 14, constants as nodes', {}],
  ['opset 14, sizes of one image', { batch: 1 }],
  ['opset 17, text first', { opset: 17, textFirst: true }],
];

describe.each(MODELS)('an export of %s', (model) => {
  it.each(WRITINGS)('in %s gives the reference embeddings, logits and boxes', async (_, writing) => {
    const folder = await exportOf(model, writing);
    for (const golden of CASES.filter((known) => known.model === model)) {
      const tensor = tensorsOf(golden);
      const { embeddings, outputs, columns } = await runGolden(golden, { folder });
      expect(maxDifference(embeddings, tensor('text_embeds').data)).toBeLessThan(1e-5);
      expect(maxDifference(columns(outputs.logits), tensor('logits').data)).toBeLessThan(TOLERANCE);
      expect(maxDifference(outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(TOLERANCE);
    }
  });

  it('takes a whole batch, or one image after another where its sizes are those of one', async () => {
    expect((await artifactOf(await exportOf(model, {}))).imagesAtOnce).toBe(Infinity);
    expect((await artifactOf(await exportOf(model, { batch: 1 }))).imagesAtOnce).toBe(1);
    await expect(artifactOf(await exportOf(model, { batch: 2 }))).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/model\.onnx: it was exported for batches of 2 images/) as string,
    });
  });

  it('is read once for texts and once for images: neither session has weights of the other', async () => {
    const artifact = await artifactOf(await exportOf(model, {}));
    const side = model === 'owlvit-tiny' ? 96 : 98;
    const size = { height: side, width: side };
    const image = await weightsOf(artifact.image({ size, maxDetections: 300 }).graph);
    const text = await weightsOf(artifact.text().graph);
    expect(image.filter((name) => name.includes('vision_model')).length).toBeGreaterThan(20);
    expect(text.filter((name) => name.includes('text_model')).length).toBeGreaterThan(20);
    expect(image.filter((name) => name.includes('text_'))).toEqual([]);
    expect(text.filter((name) => /vision|head|layer_norm\./.test(name.replace('final_layer_norm.', '')))).toEqual([]);
  });

  it('in fp16 agrees with the whole export', async () => {
    const folder = await exportOf(model, { kind: 'fp16' });
    const golden = CASES.find(({ name }) => name.includes('b3-q2') && name.startsWith(model.slice(0, 5)))!;
    const whole = await runWhole(join(folder, 'onnx/model_fp16.onnx'), tensorsOf(golden));
    const { outputs, columns } = await runGolden(golden, { precision: 'fp16', folder });
    expect(maxDifference(columns(outputs.logits), whole['logits']!.data as Float32Array)).toBeLessThan(0.02);
    expect(maxDifference(outputs.boxes, whole['pred_boxes']!.data as Float32Array)).toBeLessThan(0.002);
  });

  it('in 8 bits gives exactly what the whole export gives of one image and one text', async () => {
    const folder = await exportOf(model, { kind: 'int8' });
    const artifact = await artifactOf(folder);
    const checkpoint = await readOwlCheckpoint(folder);
    const { width } = traitsOf(checkpoint).inputSize();
    const pixels = Uint8Array.from({ length: width * width * 3 }, (_, i) => (i * 7919) % 251);
    const ids = [1, 40, 60, 70, 2].map(BigInt);
    const session = await ort.InferenceSession.create(join(folder, 'onnx/model_quantized.onnx'), {
      logSeverityLevel: 3,
    });
    const whole = await session.run({
      input_ids: new ort.Tensor('int64', ids, [1, 5]),
      attention_mask: new ort.Tensor(
        'int64',
        ids.map(() => 1n),
        [1, 5],
      ),
      pixel_values: new ort.Tensor('float32', normalised(pixels, checkpoint), [1, 3, width, width]),
    });
    const { embeddings } = await runText(artifact, [ids]);
    const { scores, boxes } = await runImage(artifact, { pixels, width, embeddings });
    const best = Math.max(...(whole['logits']!.data as Float32Array));
    expect((scores!.data as Float32Array)[0]).toBeCloseTo(1 / (1 + Math.exp(-best)), 6);
    expect(maxDifference(boxes!.data as Float32Array, whole['pred_boxes']!.data as Float32Array)).toBe(0);
    expect({ images: artifact.imagesAtOnce, texts: artifact.textsAtOnce }).toEqual({ images: 1, texts: 1 });
  });
});

/** [H, W, 3] to [3, H, W], rounded as the graph in front of an export rounds. */
function normalised(
  pixels: Uint8Array,
  { preprocessor: { image_mean: mean, image_std: std } }: OwlCheckpoint,
): Float32Array {
  const { fround } = Math;
  const planes = new Float32Array(pixels.length);
  const area = pixels.length / 3;
  for (const [i, value] of pixels.entries()) {
    const channel = i % 3;
    const scaled = fround(value * fround(1 / (255 * std[channel]!)));
    planes[channel * area + (i - channel) / 3] = scaled + fround(-mean[channel]! / std[channel]!);
  }
  return planes;
}

async function open({ graph, weightsFolder }: GraphSource) {
  return openSession(graph, { device: { provider: 'cpu' }, threads: 1, weightsFolder });
}

async function runText(artifact: Artifact, texts: readonly bigint[][]) {
  const session = await open(artifact.text());
  const ids = new ort.Tensor('int64', BigInt64Array.from(texts.flat()), [texts.length, texts[0]!.length]);
  return { embeddings: (await session.run({ input_ids: ids }))['embeddings']! };
}

async function runImage(
  artifact: Artifact,
  { pixels, width, embeddings }: { pixels: Uint8Array; width: number; embeddings: InstanceType<typeof ort.Tensor> },
) {
  const session = await open(artifact.image({ size: { height: width, width }, maxDetections: 300 }));
  return session.run({
    pixels: new ort.Tensor('uint8', pixels, [1, width, width, 3]),
    queries: embeddings,
    groups: new ort.Tensor('int64', [0n], [1, 1]),
    offsets: new ort.Tensor('float32', [0], [1]),
    allowed: new ort.Tensor('float32', [0], [1, 1]),
  });
}
