import type { CudaState } from '../workers/devices/cuda.js';
import type { CacheFolder } from './cache-folders.js';
import type { Gpus, Machine } from './hardware.js';
import type { ModelStatus } from './model-status.js';

/** The result of `preannotate doctor`; `--json` prints it with keys in snake_case. */
export interface Diagnosis {
  readonly ok: boolean; // the tool works here: the CPU provider starts, and a model given by name is available
  readonly versions: Versions;
  readonly machine: Machine;
  readonly providers: readonly ProviderState[];
  readonly auto: { readonly devices: readonly string[]; readonly why: string | undefined };
  readonly gpus: Gpus;
  readonly cuda: CudaState | undefined; // on Linux
  readonly caches: readonly CacheFolder[];
  readonly model: ModelStatus;
  readonly environment: Readonly<Record<string, string>>;
  readonly problems: readonly Finding[];
}

export interface Versions {
  readonly preannotate: string;
  readonly node: string;
  readonly nodeSupported: boolean;
  readonly onnxruntime: string | undefined;
  readonly sharp: string | undefined;
  readonly libvips: string | undefined;
}

/** An execution provider of ONNX Runtime, and whether a session starts on it. */
export interface ProviderState {
  readonly name: string;
  readonly started: boolean;
  readonly openMs?: number;
  readonly reason?: string; // why it did not start
  readonly detail?: string; // what a library reported, under --verbose
}

/** What `preannotate doctor` was asked to check. */
export interface DiagnosisRequest {
  readonly version: string; // of preannotate
  readonly model: string; // reference
  readonly modelNamed: boolean; // given by the user, not the default
  readonly verbose: boolean;
}

/** Something that is wrong, and how to fix it. */
export interface Finding {
  readonly message: string;
  readonly hint: string;
  readonly fatal: boolean; // nothing works until it is fixed
}
