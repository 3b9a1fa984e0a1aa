import { describe, expect, it } from 'vitest';
import { SimdStretch } from '../../../src/images/resize/simd-stretch.js';
import { Graph } from '../../../src/onnx/graph.js';
import { ort } from '../../../src/onnx/runtime.js';
import { Random } from '../../support/random.js';

type Sides = readonly [width: number, height: number];

describe("stretching in vectors gives ONNX Runtime's bytes", () => {
  it.each<[Sides, Sides]>([
    [
      [1280, 960],
      [768, 768],
    ],
    [
      [640, 480], // enlarged
      [768, 768],
    ],
    [
      [97, 769], // no multiple of a vector
      [77, 53],
    ],
    [
      [1, 1],
      [5, 7],
    ],
    [
      [3, 2000],
      [64, 64],
    ],
    [
      [20_000, 40], // several times what is copied at once
      [33, 90],
    ],
    [
      [50, 60],
      [50, 61], // one side stays
    ],
  ])('of %j to %j', async ([width, height], [toWidth, toHeight]) => {
    const random = new Random(width * height);
    const pixels = Uint8Array.from({ length: width * height * 3 }, () =>
      random.chance(0.3) ? 255 * random.below(2) : random.below(256),
    );
    const stretch = new SimdStretch({ width: toWidth, height: toHeight });
    const target = new Uint8Array(toWidth * toHeight * 3);
    stretch.resize({ pixels: new Uint8Array(3), width: 1, height: 1, original: { width: 1, height: 1 } }, target);
    stretch.resize({ pixels, width, height, original: { width, height } }, target);
    const expected = await stretchWithOnnxRuntime(pixels, [width, height], [toWidth, toHeight]);
    expect(Buffer.compare(target, expected)).toBe(0);
  });

  it('takes images of usual sizes only, as its memory is not given back', () => {
    const stretch = new SimdStretch({ width: 768, height: 768 });
    expect(stretch.takes({ width: 4000, height: 3000 })).toBe(true);
    expect(stretch.takes({ width: 400, height: 20_000 })).toBe(false);
    expect(stretch.takes({ width: 400_000, height: 2 })).toBe(false);
  });
});

async function stretchWithOnnxRuntime(pixels: Uint8Array, [width, height]: Sides, to: Sides): Promise<Uint8Array> {
  const graph = new Graph();
  const shape = [1, to[1], to[0], 3];
  const input = graph.input('pixels', 'uint8', [1, height, width, 3]);
  const resized = graph.op('Resize', [input, '', '', graph.ints(shape)], {
    mode: 'cubic',
    antialias: 1,
    cubic_coeff_a: { float: -0.5 },
    exclude_outside: 1,
    coordinate_transformation_mode: 'half_pixel',
  });
  graph.output('resized', resized, { type: 'uint8', shape });
  const session = await ort.InferenceSession.create(graph.toBytes(), { logSeverityLevel: 3 });
  const { resized: output } = await session.run({ pixels: new ort.Tensor('uint8', pixels, [1, height, width, 3]) });
  return output!.data as Uint8Array;
}
