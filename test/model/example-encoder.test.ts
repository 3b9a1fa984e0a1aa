import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readOwlCheckpoint } from '../support/model/owl.js';
import { ExampleEncoder } from '../../src/model/example-encoder.js';
import { traitsOf } from '../../src/model/families.js';
import { buildExampleGraph } from '../../src/model/owl/example-graph.js';
import { buildImageGraph } from '../../src/model/owl/graphs.js';
import { chooseQueryPatch } from '../../src/model/query-patch.js';
import { openSession } from '../../src/model/session.js';
import { ort } from '../../src/onnx/runtime.js';
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

const near = (value: number) => expect.closeTo(value, 5) as number; // boxes are float32

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
        queries: new ort.Tensor('float32', embedding, [1, embedding.length]),
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

describe('the patch that stands for an example', () => {
  // Three patches around the middle, and one in a corner. The mean embedding points to the right.
  const boxes = Float32Array.of(0.5, 0.5, 1, 1, 0.5, 0.5, 0.95, 0.95, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.2, 0.2);
  const classEmbeds = Float32Array.of(3, 0, 1, 1, -9, 0, 6, 0);

  it('is the least ordinary of those whose boxes fit nearly best, not of all', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds }, WHOLE)).toMatchObject({ patch: 1, iou: near(0.9025) });
  });

  it('is another one when the object is elsewhere', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds }, [0.25, 0.25, 0.75, 0.75])).toMatchObject({ patch: 2, iou: 1 });
    expect(chooseQueryPatch({ boxes, classEmbeds }, [0, 0, 0.1, 0.2])).toMatchObject({ patch: 3, iou: near(0.5) });
  });

  it('is the first of equals', () => {
    expect(chooseQueryPatch({ boxes, classEmbeds: new Float32Array(8) }, WHOLE)).toMatchObject({ patch: 0, iou: 1 });
  });

  it('is none when no box overlaps the object, also where one touches it', () => {
    const far = Float32Array.of(0.1, 0.1, 0.1, 0.1, 0.75, 0.75, 0.25, 0.25);
    expect(chooseQueryPatch({ boxes: far, classEmbeds: Float32Array.of(1, 2) }, [0.875, 0.875, 1, 1])).toBeUndefined();
  });
});

it.each(['owlvit-tiny', 'owlv2-tiny'])('an example without a box is the picture, without padding: %s', async (model) => {
  const size = { width: 400, height: 100 };
  const checkpoint = await readOwlCheckpoint(join(FIXTURES, 'models', model));
  const input = traitsOf(checkpoint).inputSize();
  await using encoder = await ExampleEncoder.open({ checkpoint, threads: 1, size: input });
  const pixels = new Uint8Array(input.height * input.width * 3).map((_, i) => (i * 7919) % 256);
  const encode = async (box?: readonly [number, number, number, number]) =>
    encoder.encode({ pixels, size, ...(box === undefined ? {} : { box }) });
  const whole = await encode();
  expect(whole).toEqual(await encode([0, 0, 400, 100]));
  expect(whole).not.toEqual(await encode([0, 0, 400, 400]));
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
