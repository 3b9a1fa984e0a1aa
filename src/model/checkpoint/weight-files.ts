import { dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { printable } from '../../core/text.js';
import { hasEntry } from '../../disk/readable-file.js';
import type { StoredTensor } from '../../onnx/messages.js';
import { invalidFileError, readJson, resolveModelFile } from './json-file.js';
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

/** The largest published models have some hundred. */
const MAX_SHARDS = 2000;

const MAX_SHOWN = 200; // characters of a name in messages

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
  const whole = join(folder, single);
  if (hasEntry(whole)) return [await resolveModelFile(whole)];
  const index = `${whole}.index.json`;
  if (!hasEntry(index)) return undefined;
  const names = await readShardNames(index, extname(single));
  const [first, ...others] = await Promise.all(names.map((name) => resolveShard(folder, name, index)));
  if (first === undefined) throw invalidFileError(index, 'it names no file');
  if (others.some((file) => dirname(file) !== dirname(first)))
    throw invalidFileError(index, 'its files lie in several folders');
  return [first, ...others];
}

/** The files that an index names, each once. */
async function readShardNames(index: string, extension: string): Promise<string[]> {
  const { weight_map: shardOf } = await readJson(index, ShardIndex);
  const names = [...new Set(Object.values(shardOf))].sort();
  if (names.length > MAX_SHARDS) throw invalidFileError(index, `it names ${names.length} files, which is too many`);
  for (const name of names) {
    const shown = printable(name.slice(0, MAX_SHOWN));
    if (/[/\\]/.test(name)) throw invalidFileError(index, `it names a file outside its folder, "${shown}"`);
    if (name.includes('\0') || !name.endsWith(extension) || name === extension) {
      throw invalidFileError(index, `it names "${shown}", which is not the name of a ${extension} file`);
    }
  }
  return names;
}

async function resolveShard(folder: string, name: string, index: string): Promise<string> {
  if (!hasEntry(join(folder, name))) throw invalidFileError(index, `it names ${printable(name)}, which is not there`);
  return resolveModelFile(join(folder, name));
}
