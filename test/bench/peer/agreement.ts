import { join } from 'node:path';
import type { OwlCheckpoint } from '../../../src/model/owl/config.js';
import { readOwlCheckpoint } from '../../support/model/owl.js';
import { buildImageGraph, buildTextGraph } from '../../../src/model/owl/graphs.js';
import { openSession } from '../../../src/model/session.js';
import { ort } from '../../../src/onnx/runtime.js';
import { maxDifference } from '../../support/model/golden.js';
import { VISION } from '../checkpoint/checkpoint.js';
import { CORES } from '../support/command.js';
import { Random } from '../../support/random.js';

const TOLERANCE = 1e-3; // logits and boxes
const START = 1412; // of the small tokenizer; the largest id ends a text, here as in the full vocabulary
const END = 1413;
const WORDS = [11, 222, 333];

type Values = Readonly<Record<string, { readonly data: unknown }>>;

/**
 * Makes sure that the two sides of the comparison compute the same thing, with the same pixels and texts.
 *
 * @returns The largest difference of logits and boxes between the export and our own graphs.
 * @throws Error when it is above 0.001: what is measured would not be the same model.
 */
export async function assertSameModel(folder: string, exported: string): Promise<number> {
  const checkpoint = await readOwlCheckpoint(folder);
  const texts = WORDS.map((word) => [START, word, END]);
  const ids = new ort.Tensor('int64', BigInt64Array.from(texts.flat().map(BigInt)), [WORDS.length, 3]);
  const random = new Random(7);
  const pixels = Uint8Array.from({ length: VISION.image ** 2 * 3 }, () => 128 + 127 * random.uniform());
  const ours = await runOurs(checkpoint, { ids, pixels });
  const theirs = await runExport(exported, { ids, pixels: normalised(pixels, checkpoint) });
  const difference = Math.max(
    maxDifference(floats(ours, 'logits'), floats(theirs, 'logits')),
    maxDifference(floats(ours, 'boxes'), floats(theirs, 'pred_boxes')),
  );
  if (!(difference <= TOLERANCE))
    throw new Error(`the export differs from the checkpoint by ${difference}. This is a bug.`);
  return difference;
}

type Ids = InstanceType<typeof ort.Tensor>;

async function runOurs(checkpoint: OwlCheckpoint, { ids, pixels }: { ids: Ids; pixels: Uint8Array }): Promise<Values> {
  const { weightsFolder } = checkpoint;
  const session = { device: { provider: 'cpu' }, threads: CORES, weightsFolder } as const;
  const text = await openSession(buildTextGraph(checkpoint), session);
  const { embeddings } = await text.run({ input_ids: ids });
  await text.release();
  const side = VISION.image;
  const graph = buildImageGraph(checkpoint, { size: { height: side, width: side }, maxDetections: 1, raw: true });
  const image = await openSession(graph, session);
  const count = WORDS.length;
  const outputs = await image.run({
    pixels: new ort.Tensor('uint8', pixels, [1, side, side, 3]),
    queries: embeddings!,
    groups: new ort.Tensor(
      'int64',
      BigInt64Array.from(WORDS, (_, i) => BigInt(i)),
      [count, 1],
    ),
    offsets: new ort.Tensor('float32', new Float32Array(count), [count]),
    allowed: new ort.Tensor('float32', new Float32Array(count), [1, count]),
  });
  await image.release();
  return outputs;
}

async function runExport(folder: string, { ids, pixels }: { ids: Ids; pixels: Float32Array }): Promise<Values> {
  const session = await ort.InferenceSession.create(join(folder, 'onnx', 'model.onnx'), { intraOpNumThreads: CORES });
  const outputs = await session.run({
    pixel_values: new ort.Tensor('float32', pixels, [1, 3, VISION.image, VISION.image]),
    input_ids: ids,
    attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.size).fill(1n), [...ids.dims]),
  });
  await session.release();
  return outputs;
}

/** [H, W, 3] of 0–255 to [3, H, W] around 0, as the export wants its pixels. */
function normalised(pixels: Uint8Array, { preprocessor }: OwlCheckpoint): Float32Array {
  const { image_mean: mean, image_std: std } = preprocessor;
  const plane = pixels.length / 3;
  const values = new Float32Array(pixels.length);
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) values[c * plane + i] = (pixels[i * 3 + c]! / 255 - mean[c]!) / std[c]!;
  }
  return values;
}

function floats(values: Values, name: string): Float32Array {
  const data = values[name]?.data;
  if (!(data instanceof Float32Array)) throw new Error(`there is no output "${name}" of float32. This is a bug.`);
  return data;
}
