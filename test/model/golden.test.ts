import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { xyxyOfCxcywh, type Cxcywh } from '../../src/core/box.js';
import { readCheckpoint, type Checkpoint } from '../../src/model/checkpoint.js';
import { imageGraph, textGraph } from '../../src/model/owlvit.js';
import { openSession } from '../../src/model/session.js';
import { PromptTokenizer } from '../../src/model/tokenizer.js';
import { ort } from '../../src/onnx/runtime.js';
import { FIXTURES, goldenCases, maxDifference, tensorsOf, type GoldenCase, type Tensor } from '../support/golden.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU

describe.each(goldenCases('forward'))('reference case $name', (golden) => {
  const tensor = tensorsOf(golden);

  it('its texts get the reference token ids', async () => {
    const tokenizer = await PromptTokenizer.open(folderOf(golden), 16);
    const { data, shape } = tensor('input_ids');
    const length = shape[1]!;
    const texts = golden.texts.flat();
    const ids = texts.flatMap((text) => {
      const encoded = tokenizer.truncate(tokenizer.encode(text!));
      return [...encoded, ...Array<number>(length - encoded.length).fill(0)];
    });
    expect(ids).toEqual([...data]);
  });

  it('its text embeddings, logits and boxes are the reference ones', async () => {
    const { embeddings, outputs, columns } = await run(golden, tensor);
    expect(maxDifference(embeddings, tensor('text_embeds').data)).toBeLessThan(1e-5);
    expect(maxDifference(columns(outputs.logits), tensor('logits').data)).toBeLessThan(TOLERANCE);
    expect(maxDifference(outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(TOLERANCE);
    expect(maxDifference(outputs.image_embeds, tensor('image_embeds').data)).toBeLessThan(TOLERANCE);
    if (golden.model === 'owlv2-tiny') {
      expect(maxDifference(outputs.objectness_logits, tensor('objectness_logits').data)).toBeLessThan(TOLERANCE);
    }
  });

  it('post-processing keeps the same patches, labels and boxes', async () => {
    const { outputs, queries, columns } = await run(golden, tensor);
    const patches = outputs.boxes.length / 4 / golden.images.length;
    const logits = columns(outputs.logits);
    for (const { prefix, image, threshold, target_size_hw: size } of golden.post) {
      // Each image of a reference batch has its own queries; the graph shares them, so the best is taken again here.
      const kept: { score: number; label: number; box: number[] }[] = [];
      for (let patch = image * patches; patch < (image + 1) * patches; patch++) {
        const row = logits.slice(patch * queries, (patch + 1) * queries);
        const best = Math.max(...row);
        const score = 1 / (1 + Math.exp(-best));
        const box = [...outputs.boxes.slice(patch * 4, patch * 4 + 4)] as unknown as Cxcywh;
        if (score > threshold)
          kept.push({ score, label: row.indexOf(best), box: [...xyxyOfCxcywh(box, target(golden, size))] });
      }
      expect(kept.map(({ label }) => label)).toEqual([...tensor(`${prefix}.labels`).data]);
      expect(
        maxDifference(
          kept.map(({ score }) => score),
          tensor(`${prefix}.scores`).data,
        ),
      ).toBeLessThan(1e-5);
      const scale = size === null ? 1 : Math.max(...size);
      expect(
        maxDifference(
          kept.flatMap(({ box }) => box),
          tensor(`${prefix}.boxes`).data,
        ),
      ).toBeLessThan(1e-5 * scale);
    }
  });

  it('the graph ranks pairs of patch and query itself', async () => {
    const { outputs, allQueries } = await run(golden, tensor);
    const images = golden.images.length;
    const perImage = outputs.logits.length / images; // pairs of patch and query
    const kept = outputs.scores.length / images;
    for (let image = 0; image < images; image++) {
      const logits = outputs.logits.slice(image * perImage, (image + 1) * perImage);
      const sorted = Array.from(logits).sort((a, b) => b - a);
      for (let rank = 0; rank < kept; rank++) {
        const at = image * kept + rank;
        expect(outputs.scores[at]).toBeCloseTo(1 / (1 + Math.exp(-sorted[rank]!)), 5);
        expect(logits[outputs.pairs[at]!]).toBe(sorted[rank]);
        expect(outputs.members[at]).toBe(0);
      }
    }
    expect(kept).toBe(Math.min(300, (outputs.boxes.length / 4 / images) * allQueries));
  });
});

function folderOf({ model }: GoldenCase): string {
  return join(FIXTURES, 'models', model);
}

/** OWL-ViT's boxes are fractions of the image, OWLv2's of the square that it was padded to. */
function target(golden: GoldenCase, size: readonly [number, number] | null) {
  if (size === null) return { width: 1, height: 1 };
  const [height, width] = size;
  const side = Math.max(height, width);
  return golden.model === 'owlv2-tiny' ? { width: side, height: side } : { width, height };
}

/** Runs both graphs on a case; all images at once, with the queries of all of them. */
async function run(golden: GoldenCase, tensor: (name: string) => Tensor) {
  const checkpoint = await readCheckpoint(folderOf(golden));
  const session = { device: { provider: 'cpu' }, threads: 1, weightsFolder: checkpoint.weightsFolder } as const;
  const ids = tensor('input_ids');
  const text = await openSession(textGraph(checkpoint), session);
  const { embeddings } = await text.run({
    input_ids: new ort.Tensor('int64', BigInt64Array.from([...ids.data].map(BigInt)), [...ids.shape]),
  });
  const { size, pixels } = pixelsOf(checkpoint, tensor('pixel_values'));
  const image = await openSession(
    imageGraph(checkpoint, { size, maxDetections: 300, pixelType: 'float32', raw: true }),
    session,
  );
  const batch = golden.images.length;
  const allQueries = ids.shape[0]!;
  const results = await image.run({
    pixels: new ort.Tensor('float32', pixels, [batch, size.height, size.width, 3]),
    queries: embeddings!,
    groups: new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: allQueries }, (_, i) => BigInt(i)),
      [allQueries, 1],
    ),
    offsets: new ort.Tensor('float32', new Float32Array(allQueries), [allQueries]),
  });
  const outputs = Object.fromEntries(
    Object.entries(results).map(([name, { data }]) => [
      name,
      data instanceof BigInt64Array ? Array.from(data, Number) : data,
    ]),
  ) as Record<'logits' | 'boxes' | 'image_embeds' | 'objectness_logits' | 'scores', Float32Array> &
    Record<'pairs' | 'members', number[]>;
  const queries = allQueries / batch;
  const patches = outputs.boxes.length / 4 / batch;
  /** Of the logits of all queries, those of each image's own: [batch, P, queries]. */
  const columns = (logits: Float32Array): number[] => {
    const own: number[] = [];
    for (let i = 0; i < batch * patches; i++) {
      const from = i * batch * queries + Math.floor(i / patches) * queries;
      own.push(...logits.subarray(from, from + queries));
    }
    return own;
  };
  return { embeddings: embeddings!.data as Float32Array, outputs, queries, allQueries, columns };
}

/** Reference pixels [B, 3, H, W], normalised, as the graph takes them: [B, H, W, 3] of 0–255, cut to whole patches. */
function pixelsOf({ config, preprocessor }: Checkpoint, { data, shape }: Tensor) {
  const [batch, , fullHeight, fullWidth] = shape as [number, number, number, number];
  const patch = config.vision_config.patch_size;
  const size = { height: fullHeight - (fullHeight % patch), width: fullWidth - (fullWidth % patch) };
  const pixels = new Float32Array(batch * size.height * size.width * 3);
  for (let b = 0, to = 0; b < batch; b++) {
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        for (let c = 0; c < 3; c++) {
          const value = data[((b * 3 + c) * fullHeight + y) * fullWidth + x]!;
          pixels[to++] = (value * preprocessor.image_std[c]! + preprocessor.image_mean[c]!) * 255;
        }
      }
    }
  }
  return { size, pixels };
}
