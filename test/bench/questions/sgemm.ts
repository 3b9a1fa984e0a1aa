import { performance } from 'node:perf_hooks';
import { Graph } from '../../../src/onnx/graph.js';
import { ort } from '../../../src/onnx/runtime.js';
import { undisturbed } from '../support/machine.js';
import { Random } from '../../support/random.js';
import { median } from '../support/statistics.js';
import { printTable } from '../support/table.js';
import type { Bench } from '../support/workspace.js';

/** A matrix product [rows, inner] x [inner, columns]. */
export interface Shape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** What the goals of `throughput` are relative to: fc1 of a ViT-B on two images. */
export const REFERENCE: Shape = { rows: 1154, inner: 768, columns: 3072 };
const SHAPES: readonly Shape[] = [
  REFERENCE,
  { rows: 577, inner: 768, columns: 768 },
  { rows: 577, inner: 768, columns: 3072 },
  { rows: 577, inner: 3072, columns: 768 },
  { rows: 2048, inner: 2048, columns: 2048 },
];
const WARM_UP_RUNS = 2;

/** How fast does ONNX Runtime multiply float32 matrices on this machine? */
export async function sgemm({ quick }: Bench): Promise<void> {
  const seconds = quick ? 0.5 : 2;
  const rows: string[][] = [];
  for (const shape of SHAPES) {
    const { result, others } = await undisturbed(async () => {
      return [await sgemmRate(shape, { threads: 1, seconds }), await sgemmRate(shape, { threads: 2, seconds })];
    });
    const cells = [...result.map((rate) => rate.toFixed(0)), others.toFixed(2)];
    rows.push([`${shape.rows} x ${shape.inner} x ${shape.columns}`, ...cells]);
  }
  printTable(
    'float32 matrix products in ONNX Runtime, GFLOP/s (median)',
    ['rows x inner x columns', '1 thread', '2 threads', 'others'],
    rows,
  );
}

/** @returns GFLOP/s, the median of as many runs as fit into the time. */
export async function sgemmRate(
  shape: Shape,
  { threads, seconds }: { threads: number; seconds: number },
): Promise<number> {
  const session = await ort.InferenceSession.create(productGraph(shape), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const left = randomMatrix(shape.rows * shape.inner);
  const feeds = { left: new ort.Tensor('float32', left, [shape.rows, shape.inner]) };
  const gflop = (2 * shape.rows * shape.inner * shape.columns) / 1e9;
  const rates: number[] = [];
  try {
    for (let i = 0; i < WARM_UP_RUNS; i++) await session.run(feeds);
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      const start = performance.now();
      await session.run(feeds);
      rates.push(gflop / ((performance.now() - start) / 1000));
    }
  } finally {
    await session.release();
  }
  return median(rates);
}

/** Only one row of the product comes back: giving a whole one to JavaScript would be measured too. */
function productGraph({ rows, inner, columns }: Shape): Uint8Array {
  const graph = new Graph();
  const left = graph.input('left', 'float32', [rows, inner]);
  const right = graph.floats(randomMatrix(inner * columns), [columns, inner]);
  const product = graph.op('Gemm', [left, right], { transB: 1 });
  graph.output('row', graph.op('Slice', [product, graph.ints([0]), graph.ints([1])]), {
    type: 'float32',
    shape: [1, columns],
  });
  return graph.toBytes();
}

function randomMatrix(length: number): Float32Array {
  const random = new Random(1);
  return Float32Array.from({ length }, () => random.uniform());
}
