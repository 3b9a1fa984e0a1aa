import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { cpuFlags } from '../disk/cpu.js';
import { countAllowedCores, readMemoryLimit } from '../workers/devices/placement.js';

/** The computer, and what of it this process may use. */
export interface Machine {
  readonly platform: string;
  readonly cpu: string;
  readonly features: readonly string[]; // of those that change how fast the model runs
  readonly cores: { readonly all: number; readonly allowed: number };
  readonly memoryBytes: { readonly all: number; readonly allowed: number };
  readonly openFiles: number | undefined; // that one process may have open
}

/** What ONNX Runtime's kernels ask for: int8 is worth it with one of the last three. */
const FEATURES = ['avx2', 'avx512f', 'avx512_bf16', 'asimddp', 'i8mm', 'bf16', 'avx_vnni', 'avx512_vnni', 'amx_int8'];

export function describeMachine(): Machine {
  const all = cpus();
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: all[0]?.model.trim() ?? 'unknown',
    features: cpuFeatures(),
    cores: { all: all.length, allowed: countAllowedCores() },
    memoryBytes: { all: totalmem(), allowed: readMemoryLimit() },
    openFiles: openFileLimit(),
  };
}

function cpuFeatures(): string[] {
  const flags = cpuFlags();
  return FEATURES.filter((feature) => flags?.has(feature));
}

function openFileLimit(): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(readText('/proc/self/limits'))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** '' where the system has no such file. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
