import { describe, expect, it } from 'vitest';
import { attendRows } from '../../../src/model/owl/attention.js';
import { attendIn8Bits } from '../../../src/model/owl/quantised-attention.js';
import { Graph } from '../../../src/onnx/graph.js';
import type { Value } from '../../../src/onnx/messages.js';
import { ort } from '../../../src/onnx/runtime.js';
import { Random } from '../../support/random.js';

const HEADS = 2;
const WIDTH = 32;

/** Queries, keys and values of an image: [S, D] each. */
type Projected = Readonly<Record<'q' | 'k' | 'v', Float32Array>>;

describe('attention in 8 bits', () => {
  it.each([5, 320, 321, 1000])('is close to that in float32 for %i positions', async (sequence) => {
    const projected = randomProjected(sequence, 3);
    expect(await relativeError(projected, sequence)).toBeLessThan(0.03);
  });

  it('keeps attention that is spread over many positions, where each has less than a 500th', async () => {
    const sequence = 2000;
    const projected = randomProjected(sequence, 0.5);
    projected.v.forEach((value, i) => (projected.v[i] = value + 1)); // else the mean of them all is nothing
    expect(await relativeError(projected, sequence)).toBeLessThan(0.01);
  });

  it('gives the same bits with uint8 to the right, where a CPU would overflow', async () => {
    const projected = randomProjected(400, 3);
    expect(await run(projected, 400, 'uint8')).toEqual(await run(projected, 400, 'int8'));
  });

  it('gives each head its own scale', async () => {
    const sequence = 64;
    const projected = randomProjected(sequence, 2);
    const loud = { ...projected, v: projected.v.map((value, i) => value * (i % WIDTH < WIDTH / HEADS ? 1000 : 1)) };
    const [exact, rounded] = [await run(loud, sequence, 'float32'), await run(loud, sequence, 'int8')];
    const ofSecond = (values: Float32Array) => values.filter((_, i) => i % WIDTH >= WIDTH / HEADS);
    expect(relative(ofSecond(rounded), ofSecond(exact))).toBeLessThan(0.03);
  });

  it('of zeros is zero', async () => {
    const zeros = new Float32Array(7 * WIDTH);
    expect([...(await run({ q: zeros, k: zeros, v: zeros }, 7, 'int8'))]).toEqual([...zeros]);
  });
});

function randomProjected(sequence: number, amplitude: number): Projected {
  const random = new Random(sequence);
  const matrix = () => Float32Array.from({ length: sequence * WIDTH }, () => amplitude * random.uniform());
  return { q: matrix(), k: matrix(), v: matrix() };
}

async function relativeError(projected: Projected, sequence: number): Promise<number> {
  return relative(await run(projected, sequence, 'int8'), await run(projected, sequence, 'float32'));
}

/** Root mean square of the difference, to that of the values. */
function relative(values: Float32Array, exact: Float32Array): number {
  const square = (list: Float32Array) => list.reduce((sum, value) => sum + value ** 2, 0);
  return Math.sqrt(square(values.map((value, i) => value - exact[i]!)) / square(exact));
}

async function run(projected: Projected, sequence: number, type: 'float32' | 'int8' | 'uint8'): Promise<Float32Array> {
  const graph = new Graph();
  const shape = [sequence, WIDTH];
  const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.input(name, 'float32', shape)) as [Value, Value, Value];
  const form = { width: WIDTH, heads: HEADS };
  const folded = graph.ints([1, ...shape]);
  const attended =
    type === 'float32'
      ? attendRows(graph, { q, k, v }, { ...form, folded, causal: false, plain: false })
      : attendIn8Bits(graph, { q, k, v }, { ...form, sequence, right: type });
  graph.output('attended', attended, { type: 'float32', shape });
  const session = await ort.InferenceSession.create(graph.toBytes(), { logSeverityLevel: 3 });
  const feeds = Object.entries(projected).map(([name, values]) => [name, new ort.Tensor('float32', values, shape)]);
  const { attended: output } = await session.run(Object.fromEntries(feeds) as Record<string, never>);
  await session.release();
  return output!.data as Float32Array;
}
