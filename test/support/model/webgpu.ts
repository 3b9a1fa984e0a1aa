import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe } from 'vitest';
import type { Precision } from '../../../src/core/precision.js';
import { ROOT } from './golden.js';

const CHILD = join(ROOT, 'test/support/model/webgpu-process.ts');

/** How far a reference case computed on WebGPU is from the reference. */
export interface Distance {
  readonly name: string;
  readonly embeddings: number;
  readonly logits: number;
  readonly boxes: number;
  readonly ranking: number; // of the scores that the graph ranked, from those of its own logits
}

/** Tests on WebGPU; where it does not start they are skipped, and their title gives the reason. */
export async function describeOnWebgpu(title: string, tests: () => void): Promise<void> {
  const reason = await whyNoWebgpu();
  const skipped = ` (skipped, needs a Vulkan driver such as Mesa 25, which needs no GPU: ${reason ?? ''})`;
  describe.skipIf(reason !== undefined)(reason === undefined ? title : title + skipped, tests);
}

/** Computes reference cases on WebGPU. */
export async function distancesOnWebgpu(names: readonly string[], precision: Precision = 'fp32'): Promise<Distance[]> {
  return JSON.parse(await runChild([precision, ...names])) as Distance[];
}

/** Why WebGPU does not start on this machine; undefined where it does. */
async function whyNoWebgpu(): Promise<string | undefined> {
  try {
    const reason = await runChild([]);
    return reason === '' ? undefined : reason;
  } catch (error) {
    const { signal } = error as { signal?: string | null };
    if (typeof signal === 'string') return `the driver crashed with ${signal}`;
    throw error; // not the driver: the child could not be started
  }
}

/** Runs in a process of its own: a driver that crashes must not take the tests along. */
async function runChild(args: readonly string[]): Promise<string> {
  return (await promisify(execFile)(process.execPath, ['--import', 'tsx', CHILD, ...args])).stdout;
}
