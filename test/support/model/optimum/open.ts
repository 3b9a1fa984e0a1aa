import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Artifact } from '../../../../src/model/artifact.js';
import { familyOf } from '../../../../src/model/families.js';
import { readCheckpoint } from '../../../../src/model/read-checkpoint.js';
import { readOnnx } from '../../../../src/onnx/read-model.js';
import { ort } from '../../../../src/onnx/runtime.js';
import { FIXTURES, type Tensor } from '../golden.js';
import { temporaryFolder } from '../../temporary.js';
import { PLAIN, writeOptimumExport } from './export.js';
import type { ExportOptions } from './torch-graph.js';

/** A new folder with exports of a model of the fixtures. */
export async function exportOf(model: string, ...exports: readonly Partial<ExportOptions>[]): Promise<string> {
  const folder = join(await temporaryFolder(), 'export');
  const all = exports.map((options) => ({ ...PLAIN, ...options }));
  await writeOptimumExport(join(FIXTURES, 'models', model), folder, all);
  return folder;
}

export async function artifactOf(folder: string): Promise<Artifact> {
  const checkpoint = await readCheckpoint(folder);
  return familyOf(checkpoint).openArtifact(checkpoint, {
    device: { provider: 'cpu' },
    precision: checkpoint.exported?.precision ?? 'fp32',
  });
}

/** Names of the weights that a graph has. */
export async function weightsOf(graph: Uint8Array): Promise<string[]> {
  const path = join(await temporaryFolder(), 'graph.onnx');
  await writeFile(path, graph);
  return [...(await readOnnx(path)).initializers.keys()];
}

/** An export run as it is, on the inputs of a reference case. */
export async function runWhole(path: string, tensor: (name: string) => Tensor) {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  const integers = ({ data, shape }: Tensor) =>
    new ort.Tensor('int64', BigInt64Array.from([...data].map(BigInt)), [...shape]);
  const pixels = tensor('pixel_values');
  return session.run({
    input_ids: integers(tensor('input_ids')),
    attention_mask: integers(tensor('attention_mask')),
    pixel_values: new ort.Tensor('float32', pixels.data as Float32Array, [...pixels.shape]),
  });
}
