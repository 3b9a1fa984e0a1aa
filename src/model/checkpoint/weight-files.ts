import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { systemCodeOf } from '../../core/errors.js';
import type { StoredTensor } from '../../onnx/messages.js';
import { invalidFileError, readJson } from './json-file.js';
import { readSafetensorsIndex } from './safetensors.js';
import { readTorchIndex } from './torch.js';

/**
 * Forms in which a checkpoint may hold its weights, the preferred first. With `.index.json` added, the list of its
 * shards.
 */
const FORMS = [
  { single: 'model.safetensors', read: readSafetensorsIndex },
  { single: 'pytorch_model.bin', read: readTorchIndex },
] as const;

const ShardIndex = z.object({ weight_map: z.record(z.string(), z.string()) });

/** Where the weights of a graph are. */
export interface WeightFiles {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly weightsFolder: string; // the real folder of the weight files, links resolved
}

/** Where the weights of a checkpoint are. */
export interface CheckpointWeights extends WeightFiles {
  readonly weightFiles: readonly string[]; // absolute, links resolved
}

/**
 * Finds the weights in a checkpoint folder: model.safetensors, else pytorch_model.bin, each whole or in shards.
 *
 * @returns undefined when there are none.
 * @throws PreannotateError MODEL_INVALID naming the file that is missing or wrong.
 */
export async function findWeights(folder: string): Promise<CheckpointWeights | undefined> {
  for (const { single, read } of FORMS) {
    const weightFiles = await findFiles(folder, single);
    if (weightFiles === undefined) continue;
    const indexes = await Promise.all(weightFiles.map(read));
    const tensors = new Map(indexes.flatMap((index) => [...index]));
    return { tensors, weightsFolder: dirname(weightFiles[0]), weightFiles };
  }
  return undefined;
}

/**
 * Links are resolved because ONNX Runtime refuses weights behind a link that leaves their folder (the Hub's cache has
 * such).
 */
async function findFiles(folder: string, single: string): Promise<[string, ...string[]] | undefined> {
  if (existsSync(join(folder, single))) return [await realpath(join(folder, single))];
  const index = join(folder, `${single}.index.json`);
  if (!existsSync(index)) return undefined;
  const { weight_map: shardOf } = await readJson(index, ShardIndex);
  const names = [...new Set(Object.values(shardOf))].sort();
  if (names.some((name) => name !== basename(name)))
    throw invalidFileError(index, 'it names a file outside its folder');
  const [first, ...others] = await Promise.all(names.map((name) => resolveShard(folder, name, index)));
  if (first === undefined) throw invalidFileError(index, 'it names no file');
  if (others.some((file) => dirname(file) !== dirname(first)))
    throw invalidFileError(index, 'its files lie in several folders');
  return [first, ...others];
}

async function resolveShard(folder: string, name: string, index: string): Promise<string> {
  try {
    return await realpath(join(folder, name));
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT') throw error;
    throw invalidFileError(index, `it names ${name}, which is not there`, error);
  }
}
