import { join } from 'node:path';
import type { Device } from '../../../src/core/device.js';
import type { Artifact } from '../../../src/model/artifact.js';
import { familyOf } from '../../../src/model/families.js';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import type { Precision } from '../../../src/core/precision.js';
import { prepareImageWeights } from '../../../src/model/image-weights.js';
import { openSession } from '../../../src/model/session.js';
import { ort } from '../../../src/onnx/runtime.js';
import { pixelsOf } from './pixels.js';
import { FIXTURES, tensorsOf, type GoldenCase } from './golden.js';

type FloatOutput = 'logits' | 'boxes' | 'image_embeds' | 'objectness_logits' | 'scores';
type Outputs = Record<FloatOutput, Float32Array> & Record<'pairs' | 'members', number[]>;

const CPU = { provider: 'cpu' } as const;

export function modelFolderOf({ model }: GoldenCase): string {
  return join(FIXTURES, 'models', model);
}

/** Where and how the graphs of a case are computed. */
interface Setting {
  readonly precision?: Precision; // default fp32
  readonly device?: Device; // default the CPU
  readonly folder?: string; // of the model, in whatever form
  readonly minObjectness?: number; // default none
}

/** Runs both graphs on a case of kind `forward`, with the queries of all its images for each. */
export async function runGolden(
  golden: GoldenCase,
  { precision = 'fp32', device = CPU, folder = modelFolderOf(golden), minObjectness = 0 }: Setting = {},
) {
  const tensor = tensorsOf(golden);
  const checkpoint = await readCheckpoint(folder, precision);
  const imageWeights = await prepareImageWeights({ checkpoint, key: checkpoint.folder }, precision);
  const artifact = await familyOf(checkpoint).openArtifact(checkpoint, { precision, device, imageWeights });
  const session = { device, threads: 1 };
  const ids = tensor('input_ids');
  const { graph, weightsFolder } = artifact.text();
  const text = await openSession(graph, { ...session, weightsFolder });
  const { embeddings } = await text.run({
    input_ids: new ort.Tensor('int64', BigInt64Array.from([...ids.data].map(BigInt)), [...ids.shape]),
  });
  const allQueries = ids.shape[0]!;
  const pixelValues = tensor('pixel_values');
  const pixels = pixelsOf(checkpoint, pixelValues);
  // Our graph of int8 takes whole pixels.
  const pixelType = precision === 'int8' && checkpoint.exported === undefined ? 'uint8' : 'float32';
  const images = { ...pixels, pixelType, batch: pixelValues.shape[0]! } as const;
  const outputs = await runImages(artifact, images, {
    device,
    embeddings: embeddings!,
    allQueries,
    minObjectness,
  });
  const batch = golden.images.length;
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

/** As many images at once as the form allows, as the product does it. */
async function runImages(
  artifact: Artifact,
  images: ReturnType<typeof pixelsOf> & { pixelType: 'uint8' | 'float32'; batch: number },
  model: { device: Device; embeddings: InstanceType<typeof ort.Tensor>; allQueries: number; minObjectness: number },
): Promise<Outputs> {
  const { size, pixels, batch, pixelType } = images;
  const { device, embeddings, allQueries, minObjectness } = model;
  const { graph, weightsFolder } = artifact.image({ size, maxDetections: 300, pixelType, raw: true, minObjectness });
  const session = await openSession(graph, { device, threads: 1, weightsFolder });
  const atOnce = Math.min(artifact.imagesAtOnce, batch);
  const parts: Record<string, ArrayLike<number | bigint>[]> = {};
  for (let from = 0; from < batch; from += atOnce) {
    const part = pixels.slice((from * pixels.length) / batch, ((from + atOnce) * pixels.length) / batch);
    const data = pixelType === 'uint8' ? Uint8Array.from(part, Math.round) : part;
    const results = await session.run({
      pixels: new ort.Tensor(pixelType, data, [atOnce, size.height, size.width, 3]),
      queries: embeddings,
      groups: new ort.Tensor(
        'int64',
        BigInt64Array.from({ length: allQueries }, (_, i) => BigInt(i)),
        [allQueries, 1],
      ),
      offsets: new ort.Tensor('float32', new Float32Array(allQueries), [allQueries]),
      allowed: new ort.Tensor('float32', new Float32Array(atOnce * allQueries), [atOnce, allQueries]),
    });
    for (const [name, { data: values }] of Object.entries(results)) {
      (parts[name.replace('raw_', '')] ??= []).push(values as Float32Array);
    }
  }
  const joined = Object.entries(parts).map(([name, lists]) => {
    const values = lists.flatMap((list) => Array.from(list, Number));
    return [name, name === 'pairs' || name === 'members' ? values : Float32Array.from(values)];
  });
  return Object.fromEntries(joined) as Outputs;
}
