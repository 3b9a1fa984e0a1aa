import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { replaceFile } from '../../disk/atomic.js';
import { cacheFolder, readCached, sha256Of, sha256OfFile, writeCached } from '../../disk/cache.js';
import { buildSafetensorsHeader } from '../../disk/safetensors/header.js';
import type { Checkpoint } from '../checkpoint/checkpoint.js';
import type { WeightFiles } from '../checkpoint/weight-files.js';
import { readSafetensorsIndex } from '../checkpoint/safetensors.js';
import { readTensor } from './read-tensor.js';

const CACHE_VERSION = 1; // raised when the same checkpoint would give other bytes

/** A tensor to be written. */
export interface PlannedTensor {
  readonly name: string;
  readonly type: 'float32' | 'int8';
  readonly shape: readonly number[];
}

/** Tensors that are made together, from what the checkpoint has. */
export interface QuantisationStep {
  readonly makes: readonly PlannedTensor[];
  readonly make: (read: Read) => Promise<readonly Uint8Array[]>; // in the order of `makes`
}

/** Reads a tensor of the checkpoint, of so many values. */
export type Read = (name: string, count: number) => Promise<Float32Array>;

/**
 * The weights of the image graph in 8 bits: every Linear of the encoder and the patch embedding, one scale an output,
 * with the LayerNorm before it folded in; what is left, under 3 % of the computing, stays in float32. Made once and
 * kept in the cache; a second process that makes them at the same time writes the same bytes.
 *
 * @param key - What identifies the checkpoint by content.
 * @throws PreannotateError OUTPUT_UNUSABLE or WRITE_FAILED when the cache folder cannot be written.
 */
export async function prepareQuantisedWeights(
  checkpoint: Checkpoint,
  key: string,
  plan: () => Promise<readonly QuantisationStep[]>,
): Promise<WeightFiles> {
  const cacheKey = sha256Of(JSON.stringify(['int8', CACHE_VERSION, key]));
  const path = join(cacheFolder(), 'int8', `${cacheKey}.safetensors`);
  if (!(await isIntact(path, cacheKey))) await writeQuantised(path, cacheKey, { checkpoint, steps: await plan() });
  return { tensors: await readSafetensorsIndex(path), weightsFolder: dirname(path) };
}

/** A damaged weight would go unnoticed: the model would only find less. */
async function isIntact(path: string, cacheKey: string): Promise<boolean> {
  const expected = await readCached('int8-hashes', cacheKey);
  try {
    return expected !== undefined && expected.toString() === (await sha256OfFile(path));
  } catch {
    return false; // not there
  }
}

async function writeQuantised(
  path: string,
  cacheKey: string,
  { checkpoint, steps }: { checkpoint: Checkpoint; steps: readonly QuantisationStep[] },
): Promise<void> {
  const header = buildSafetensorsHeader(
    steps.flatMap(({ makes }) => makes),
    { source: 'preannotate' },
  );
  const hash = createHash('sha256');
  try {
    await replaceFile(path, hashChunks(hash, generateContent(header, steps, checkpoint)));
  } catch (error) {
    throw mapWriteError(error);
  }
  await writeCached('int8-hashes', cacheKey, Buffer.from(hash.digest('hex')));
}

function mapWriteError(error: unknown): unknown {
  if (!(error instanceof PreannotateError) || error.code !== 'OUTPUT_UNUSABLE') return error;
  const hint = 'Name a folder that can be written in XDG_CACHE_HOME: 8-bit weights are made once, and kept there.';
  return new PreannotateError({ ...error.toFailure(), hint }, error);
}

async function* generateContent(header: Uint8Array, steps: readonly QuantisationStep[], checkpoint: Checkpoint) {
  yield header;
  const read: Read = (name, count) => readTensor(checkpoint, name, count);
  for (const step of steps) yield* await step.make(read);
}

async function* hashChunks(hash: ReturnType<typeof createHash>, chunks: AsyncIterable<Uint8Array>) {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
