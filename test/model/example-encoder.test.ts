import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOwlCheckpoint } from '../support/model/owl.js';
import { buildExampleGraph } from '../../src/model/owl/example-graph.js';
import { buildImageGraph } from '../../src/model/owl/graphs.js';
import { chooseQueryPatch } from '../../src/model/query-patch.js';
import { openSession } from '../../src/model/session.js';
import { ort } from '../../src/onnx/runtime.js';
import { normalise } from '../../src/workers/queries/average-texts.js';
import {
  FIXTURES,
  goldenCases,
  maxDifference,
  tensorsOf,
  type GoldenCase,
  type Tensor,
} from '../support/model/golden.js';
import { pixelsOf } from '../support/model/pixels.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU
const WHOLE = [0, 0, 1, 1] as const;

// The rule of transformers: no objectness, and all of the input, with its padding.
describe.each(goldenCases('image_guided'))('reference case $name', (golden) => {
  const tensor = tensorsOf(golden);

  it('the patch that stands for the query image, and its embedding, are the reference ones', async () => {
    const queries = await queriesOf(golden, tensor);
    expect(queries.map(({ patch }) => patch)).toEqual([...tensor('query_best_box_index').data]);
    expect(
      maxDifference(
        queries.flatMap(({ embedding }) => [...embedding]),
        tensor('query_embeds').data,
      ),
    ).toBeLessThan(TOLERANCE);
    expect(
      maxDifference(
        queries.flatMap(({ boxes }) => [...boxes]),
        tensor('query_pred_boxes').data,
      ),
    ).toBeLessThan(TOLERANCE);
  });

  it('the image graph scores images against that query as the reference does', async () => {
    const queries = await queriesOf(golden, tensor);
    const checkpoint = await checkpointOf(golden);
    const { size, pixels } = pixelsOf(checkpoint, tensor('pixel_values'));
    const graph = buildImageGraph(checkpoint, { size, maxDetections: 300, pixelType: 'float32', raw: true });
    const session = await openSession(graph, sessionOf(checkpoint));
    const imageFloats = size.height * size.width * 3;
    const logits: number[] = [];
    const boxes: number[] = [];
    for (const [i, { embedding }] of queries.entries()) {
      const outputs = await session.run({
        pixels: new ort.Tensor('float32', pixels.slice(i * imageFloats, (i + 1) * imageFloats), [
          1,
          size.height,
          size.width,
          3,
        ]),
        queries: new ort.Tensor('float32', normalise(embedding), [1, embedding.length]),
        groups: new ort.Tensor('int64', [0n], [1, 1]),
        offsets: new ort.Tensor('float32', [0], [1]),
        allowed: new ort.Tensor('float32', [0], [1, 1]),
      });
      logits.push(...(outputs['logits']!.data as Float32Array));
      boxes.push(...(outputs['boxes']!.data as Float32Array));
    }
    expect(maxDifference(logits, tensor('logits').data)).toBeLessThan(TOLERANCE);
    expect(maxDifference(boxes, tensor('target_pred_boxes').data)).toBeLessThan(TOLERANCE);
  });
});

function checkpointOf({ model }: GoldenCase) {
  return readOwlCheckpoint(join(FIXTURES, 'models', model));
}

function sessionOf({ weightsFolder }: { weightsFolder: string }) {
  return { device: { provider: 'cpu' }, threads: 1, weightsFolder } as const;
}

/** What the example graph and the choice of a patch make of a case's query images. */
async function queriesOf(golden: GoldenCase, tensor: (name: string) => Tensor) {
  const checkpoint = await checkpointOf(golden);
  const { size, pixels } = pixelsOf(checkpoint, tensor('query_pixel_values'));
  const session = await openSession(
    buildExampleGraph(checkpoint, { size, pixelType: 'float32' }),
    sessionOf(checkpoint),
  );
  const images = golden.images.length;
  const outputs = await session.run({
    pixels: new ort.Tensor('float32', pixels, [images, size.height, size.width, 3]),
  });
  const width = checkpoint.config.text_config.hidden_size;
  return Array.from({ length: images }, (_, i) => {
    const part = (name: 'class_embeds' | 'boxes') => {
      const data = outputs[name]!.data as Float32Array;
      return data.slice((i * data.length) / images, ((i + 1) * data.length) / images);
    };
    const [classEmbeds, boxes] = [part('class_embeds'), part('boxes')];
    const { patch } = chooseQueryPatch({ classEmbeds, boxes }, WHOLE)!;
    return { patch, boxes, embedding: classEmbeds.slice(patch * width, (patch + 1) * width) };
  });
}
