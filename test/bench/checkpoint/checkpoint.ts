import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FIXTURES } from '../../support/model/golden.js';
import { Random } from '../../support/random.js';
import { tensorsOf, type RandomTensor } from './random-tensors.js';
import { configOf, preprocessorOf, SHAPES, type ShapeName } from './shapes.js';
import { CACHE } from '../support/workspace.js';

const RECIPE = 2; // raised when the same code would write other bytes
const SEED = 32;
const CHUNK_FLOATS = 1 << 20;

/** Sizes of the model that most figures are of. */
export const { text: TEXT, vision: VISION } = SHAPES['owlvit-base-patch32'];

const TOKENIZER = join(FIXTURES, 'models', 'owlvit-emoji'); // its ids are rows of the larger vocabulary too
const COPIED = ['tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json', 'vocab.json', 'merges.txt'];

/**
 * A checkpoint with the sizes of a published one and random weights: what it costs does not depend on its values.
 * Written once and found again by later runs.
 *
 * @returns Its folder, in Hugging Face layout; 613 MB of float32 for OWL-ViT base/32.
 */
export async function fullSizeCheckpoint(name: ShapeName = 'owlvit-base-patch32'): Promise<string> {
  const shape = SHAPES[name];
  const folder = join(CACHE, `${name}-random-${RECIPE}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    for (const file of COPIED) await copyFile(join(TOKENIZER, file), join(unfinished, file));
    await writeFile(join(unfinished, 'config.json'), JSON.stringify(configOf(shape), undefined, 2));
    await writeFile(join(unfinished, 'preprocessor_config.json'), JSON.stringify(preprocessorOf(shape), undefined, 2));
    await writeSafetensors(join(unfinished, 'model.safetensors'), tensorsOf(shape));
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** One tensor after the other, a few megabytes at a time. */
async function writeSafetensors(path: string, tensors: readonly RandomTensor[]): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const { name, shape } of tensors) {
    const end = offset + countOf(shape) * Float32Array.BYTES_PER_ELEMENT;
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const random = new Random(SEED);
  await using file = await open(path, 'wx');
  await file.writeFile(Buffer.concat([length, padded]));
  for (const tensor of tensors) {
    for (const values of valuesOf(tensor, random)) await file.writeFile(new Uint8Array(values.buffer));
  }
}

function* valuesOf({ shape, mean, deviation }: RandomTensor, random: Random): Generator<Float32Array<ArrayBuffer>> {
  const bound = deviation * Math.sqrt(3); // of a uniform distribution with this deviation
  for (let left = countOf(shape); left > 0; left -= CHUNK_FLOATS) {
    const values = new Float32Array(Math.min(left, CHUNK_FLOATS));
    for (let i = 0; i < values.length; i++) values[i] = mean + bound * random.uniform();
    yield values;
  }
}

function countOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
