import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../..');
export const FIXTURES = join(ROOT, 'fixtures');
/** Material that is too large or not ours to ship; tests that need it are skipped where it is absent. */
export const SHARED = join(ROOT, '..', 'shared');
export const GOLDEN = join(FIXTURES, 'golden');

/** A tensor of a reference file, its integers as numbers. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array | number[];
}

/** Reads a whole safetensors file of references; on purpose not the product's own reader. */
export function readTensors(path: string): Map<string, Tensor> {
  const file = readFileSync(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString('utf8', 8, 8 + headerBytes)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, Tensor>();
  for (const [name, { dtype, shape, data_offsets: span }] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const bytes = Uint8Array.from(file.subarray(8 + headerBytes + span[0], 8 + headerBytes + span[1]));
    tensors.set(name, { shape, data: valuesOf(dtype, bytes) });
  }
  return tensors;
}

function valuesOf(dtype: string, bytes: Uint8Array<ArrayBuffer>): Tensor['data'] {
  if (dtype === 'U8') return bytes;
  if (dtype === 'F32') return new Float32Array(bytes.buffer);
  if (dtype === 'I64') return Array.from(new BigInt64Array(bytes.buffer), Number);
  throw new Error(`no reader for ${dtype}`);
}

export interface GoldenCase {
  readonly name: string;
  readonly file: string;
  readonly model: string;
  readonly kind: string;
  readonly images: readonly string[];
  readonly texts: readonly (readonly (string | null)[])[];
  readonly post: readonly {
    prefix: string;
    image: number;
    threshold: number;
    target_size_hw: readonly [number, number] | null;
  }[];
  readonly items: readonly {
    prefix: string;
    image: string;
    size: { height: number; width: number };
    pad_value?: number;
    transformers?: string;
    only?: string;
  }[];
}

export function goldenCases(kind: string): GoldenCase[] {
  const index = JSON.parse(readFileSync(join(GOLDEN, 'cases', 'index.json'), 'utf8')) as { cases: GoldenCase[] };
  return index.cases.filter((golden) => golden.kind === kind);
}

export function tensorsOf(golden: GoldenCase): (name: string) => Tensor {
  const tensors = readTensors(join(GOLDEN, 'cases', golden.file));
  return (name) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${golden.file} has no "${name}"`);
    return tensor;
  };
}

/** The largest absolute difference of two equally long lists. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`lengths differ: ${a.length} and ${b.length}`);
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= largest)) largest = difference; // NaN too
  }
  return largest;
}
