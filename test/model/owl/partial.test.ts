import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Detector } from '../../../src/model/detector.js';
import { buildImageGraph } from '../../../src/model/owl/graphs.js';
import { openSession } from '../../../src/model/session.js';
import { ort } from '../../../src/onnx/runtime.js';
import type { Fit } from '../../../src/core/inference/input-form.js';
import type { ImageSize } from '../../../src/model/artifact.js';
import { FIXTURES, maxDifference } from '../../support/model/golden.js';
import { look, type Picture } from '../../support/model/look.js';
import { readOwlCheckpoint } from '../../support/model/owl.js';

const TINY = join(FIXTURES, 'models/owlv2-tiny');
const PATCH = 14;
const SIDE = 7; // patches of the model's own input
const OWN: ImageSize = { height: SIDE * PATCH, width: SIDE * PATCH };

/** Pixels of any pattern, and of no two patches the same. */
const patternOf = ({ height, width }: ImageSize) =>
  Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 7919 + (i >> 5)) % 251);

/** What a graph for `size` gives for pixels of `shown`, with every intermediate. */
async function outputsOf(size: ImageSize, shown: ImageSize, options: { partial?: boolean; minObjectness?: number }) {
  const checkpoint = await readOwlCheckpoint(TINY);
  const graph = buildImageGraph(checkpoint, { size, maxDetections: 3000, raw: true, positions: 'slice', ...options });
  const device = { provider: 'cpu' } as const;
  const session = await openSession(graph, { device, threads: 1, weightsFolder: checkpoint.weightsFolder });
  const width = checkpoint.config.text_config.hidden_size;
  const queries = Float32Array.from({ length: 2 * width }, (_, i) => Math.sin(i));
  const outputs = await session.run({
    pixels: new ort.Tensor('uint8', patternOf(shown), [1, shown.height, shown.width, 3]),
    queries: new ort.Tensor('float32', queries, [2, width]),
    groups: new ort.Tensor('int64', BigInt64Array.of(0n, 1n), [2, 1]),
    offsets: new ort.Tensor('float32', new Float32Array(2), [2]),
    allowed: new ort.Tensor('float32', new Float32Array(2), [1, 2]),
  });
  await session.release();
  return (name: string) => outputs[name]!.data as Float32Array;
}

const logit = (value: number) => Math.log(value + 1e-4) - Math.log1p(-value + 1e-4);

/** Where each patch expects its box in a square of `SIDE` patches, or in a grid of its own. */
function biasOf(grid: { rows: number; columns: number }, of: { rows: number; columns: number }): number[] {
  return Array.from({ length: grid.rows * grid.columns }, (_, patch) => {
    const [x, y] = [patch % grid.columns, Math.floor(patch / grid.columns)];
    return [(x + 1) / of.columns, (y + 1) / of.rows, 1 / of.columns, 1 / of.rows].map(logit);
  }).flat();
}

it.each([
  [5, 7],
  [7, 3],
  [1, 7],
])(
  'a part of %i x %i patches has the positions of the square, and boxes by its rows and columns',
  async (rows, columns) => {
    const shown = { height: rows * PATCH, width: columns * PATCH };
    const part = await outputsOf(OWN, shown, { partial: true });
    const alone = await outputsOf(shown, shown, {}); // a graph for this size, with the same positions
    for (const name of ['logits', 'class_embeds', 'image_embeds', 'objectness_logits', 'scores']) {
      expect(maxDifference(part(name), alone(name)), name).toBeLessThan(1e-5);
    }
    const grid = { rows, columns };
    const square = biasOf(grid, { rows: SIDE, columns: SIDE });
    const own = biasOf(grid, grid);
    let compared = 0;
    for (const [i, value] of alone('boxes').entries()) {
      if (value > 0.999) continue; // too close to 1 for its logit to be known exactly
      const offset = Math.log(value / (1 - value)) - own[i]!;
      expect(part('boxes')[i]).toBeCloseTo(1 / (1 + Math.exp(-offset - square[i]!)), 4);
      compared++;
    }
    expect(compared).toBeGreaterThan(rows * columns);
  },
);

it('all of the patches give what the graph without parts gives, bit by bit', async () => {
  for (const options of [{}, { minObjectness: 0.3 }]) {
    const part = await outputsOf(OWN, OWN, { partial: true, ...options });
    const whole = await outputsOf(OWN, OWN, options);
    for (const name of ['logits', 'boxes', 'scores', 'pairs', 'members']) expect(part(name), name).toEqual(whole(name));
  }
});

/** Everything that the model finds in pictures, with any score. */
async function find(fit: Fit, pictures: readonly Picture[]) {
  await using detector = await Detector.open({
    ...{ checkpoint: await readOwlCheckpoint(TINY), device: { provider: 'cpu' }, threads: 1, precision: 'fp32' },
    ...{ scoreFloor: 0, maxDetections: 3000, optimizer: 'onnxrt', fit },
  });
  const bank = { embeddings: await detector.encode([[852, 5, 853]]), classIds: [0] };
  const found = [];
  for (const picture of pictures) found.push(await look(detector, picture, bank));
  return found;
}

function picture(width: number, height: number): Picture {
  return { pixels: patternOf({ width, height }), width, height };
}

it('a square picture gives the same with the fits unpadded and letterbox', async () => {
  const square = [picture(120, 120)];
  expect(await find('unpadded', square)).toEqual(await find('letterbox', square));
});

it.each([
  [200, 150, 6, 7], // 5.25 rows
  [150, 200, 7, 6],
  [98, 56, 4, 7],
  [1000, 1, 1, 7],
])(
  'patches of a picture of %i x %i are numbered as in a square: %i rows of %i',
  async (width, height, rows, columns) => {
    const [found] = await find('unpadded', [picture(width, height)]);
    const allowed = Array.from({ length: rows * columns }, (_, i) => Math.floor(i / columns) * SIDE + (i % columns));
    const patches = new Set(found!.map(({ patchId }) => patchId));
    for (const patch of patches) expect(allowed).toContain(patch);
    if (height > 1) expect(patches.size).toBeGreaterThan(rows * columns * 0.5); // with boxes inside
  },
);
