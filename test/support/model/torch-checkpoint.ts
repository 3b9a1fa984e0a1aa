import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { torchFile, type WrittenStorage, type WrittenTensor } from './torch-writer.js';

/** A tensor as a safetensors file of float32 has it. */
interface Plain {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** How the numbers of a copy are stored. */
type Stored = 'Float' | 'Half' | 'BFloat16';

/**
 * Copies a checkpoint with float32 weights and writes these as PyTorch would have: like the published OWL-ViT files
 * with transposed projections, q, k and v of a layer in one storage, and the position_ids of older versions.
 */
export async function copyAsTorch(
  from: string,
  to: string,
  { as = 'Float', shards = 1 }: { as?: Stored; shards?: number } = {},
): Promise<void> {
  await cp(from, to, { recursive: true });
  await rm(join(to, 'model.safetensors'));
  const plain = readPlain(await readFile(join(from, 'model.safetensors')));
  const tensors = Object.entries(written(plain, as));
  if (shards === 1) {
    await writeFile(join(to, 'pytorch_model.bin'), torchFile(Object.fromEntries(tensors)));
    return;
  }
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `pytorch_model-0000${shard + 1}-of-0000${shards}.bin`;
    const part = tensors.slice((tensors.length * shard) / shards, (tensors.length * (shard + 1)) / shards);
    for (const [name] of part) weightMap[name] = file;
    await writeFile(join(to, file), torchFile(Object.fromEntries(part)));
  }
  await writeFile(join(to, 'pytorch_model.bin.index.json'), JSON.stringify({ weight_map: weightMap }));
}

/** Writes a checkpoint's float32 weights again in 16 bits, in the same form. */
export async function copyNarrowed(from: string, to: string, as: 'Half' | 'BFloat16'): Promise<void> {
  await cp(from, to, { recursive: true });
  const plain = readPlain(await readFile(join(from, 'model.safetensors')));
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const { name, shape, values } of plain) {
    header[name] = {
      dtype: as === 'Half' ? 'F16' : 'BF16',
      shape,
      data_offsets: [offset, (offset += values.length * 2)],
    };
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const data = plain.map(({ values }) => bytesOf(values, as));
  await writeFile(join(to, 'model.safetensors'), Buffer.concat([length, json, ...data]));
}

function readPlain(file: Buffer): Plain[] {
  const headerBytes = Number(file.readBigUInt64LE());
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return Object.entries(header).flatMap(([name, { dtype, shape, data_offsets: span }]) => {
    if (dtype !== 'F32') return []; // the metadata, and position_ids
    const bytes = Uint8Array.from(file.subarray(8 + headerBytes + span[0], 8 + headerBytes + span[1]));
    return [{ name, shape, values: new Float32Array(bytes.buffer) }];
  });
}

function written(plain: readonly Plain[], as: Stored): Record<string, WrittenTensor> {
  const tensors: Record<string, WrittenTensor> = {};
  const storageOf = (values: Float32Array): WrittenStorage => ({ type: as, bytes: bytesOf(values, as) });
  for (const { name, shape, values } of plain) {
    const projections = ['q_proj', 'k_proj', 'v_proj'].map((part) => name.replace(/[qkv]_proj/, part));
    if (/(text|visual)_projection\.weight$/.test(name)) {
      const [rows, columns] = shape as [number, number];
      const storage = storageOf(transposed(values, rows, columns));
      tensors[name] = { storage, shape, strides: [1, rows], parameter: true };
    } else if (name === projections[0] && projections[1] !== name) {
      const parts = projections.map((part) => plain.find((tensor) => tensor.name === part)!);
      const storage = storageOf(Float32Array.from(parts.flatMap((part) => [...part.values])));
      parts.forEach((part, i) => (tensors[part.name] = { storage, shape, offset: i * values.length }));
    } else if (!/[qkv]_proj/.test(name)) {
      tensors[name] = { storage: storageOf(values), shape };
    }
  }
  const ids = new Uint8Array(BigInt64Array.of(0n, 1n, 2n).buffer);
  tensors['position_ids'] = { storage: { type: 'Long', bytes: ids }, shape: [1, 3] };
  return tensors;
}

function transposed(values: Float32Array, rows: number, columns: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}

function bytesOf(values: Float32Array, as: Stored): Uint8Array {
  if (as === 'Float') return new Uint8Array(Float32Array.from(values).buffer);
  return as === 'Half' ? halves(values) : brains(values);
}

/** bfloat16, rounded to the nearest and, of two as near, to the even one. */
function brains(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const result = Uint16Array.from(bits, (bit) => (bit + 0x7fff + ((bit >>> 16) & 1)) >>> 16);
  return new Uint8Array(result.buffer);
}

/** float16, rounded to the nearest and, of two as near, to the even one. Values beyond its range are not expected. */
function halves(values: Float32Array): Uint8Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  const result = Uint16Array.from(bits, (bit) => {
    const sign = (bit >>> 16) & 0x8000;
    const exponent = ((bit >>> 23) & 0xff) - 112;
    const fraction = bit & 0x7fffff;
    if (exponent <= -11) return sign;
    const shift = exponent > 0 ? 13 : 14 - exponent;
    const whole = exponent > 0 ? (exponent << 23) | fraction : 0x800000 | fraction;
    const kept = Math.floor(whole / 2 ** shift);
    const rest = whole % 2 ** shift;
    const half = 2 ** (shift - 1);
    return sign | (kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0));
  });
  return new Uint8Array(result.buffer);
}
