import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Precision } from '../../src/core/precision.js';
import { ROOT } from './golden.js';

const CHILD = join(ROOT, 'test/support/webgpu-process.ts');

/** How far a reference case computed on WebGPU is from the reference. */
export interface Distance {
  readonly name: string;
  readonly embeddings: number;
  readonly logits: number;
  readonly boxes: number;
  readonly ranking: number; // of the scores that the graph ranked, from those of its own logits
}

/** Computes reference cases on WebGPU, in a process of its own: a driver that crashes must not take the tests along. */
export async function distancesOnWebgpu(names: readonly string[], precision: Precision = 'fp32'): Promise<Distance[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    CHILD,
    ...(names.length === 0 ? [] : [precision, ...names]),
  ]);
  return JSON.parse(stdout) as Distance[];
}

/** Whether a WebGPU session starts here. */
export async function hasWebgpu(): Promise<boolean> {
  return distancesOnWebgpu([]).then(
    () => true,
    () => false,
  );
}
