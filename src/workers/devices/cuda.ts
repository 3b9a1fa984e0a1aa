import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  findLibrary,
  loaderPaths,
  missingLibraries,
  type LoaderPaths,
  type MissingLibrary,
} from '../../disk/libraries/loader.js';
import { listVisibleCudaDevices } from './cuda-visible.js';

/** What CUDA needs, and which of it is on this machine. */
export interface CudaState {
  readonly folder: string; // where ONNX Runtime looks for its provider libraries
  readonly providers: { readonly cuda: boolean; readonly tensorrt: boolean };
  readonly gpus: number; // that this process may use
  readonly driver: string | undefined; // version of the kernel's driver
  readonly driverLibrary: string | undefined; // libcuda.so.1
  readonly missing: { readonly cuda: readonly MissingLibrary[]; readonly tensorrt: readonly MissingLibrary[] };
}

const PROVIDER = { cuda: 'libonnxruntime_providers_cuda.so', tensorrt: 'libonnxruntime_providers_tensorrt.so' };

/** ONNX Runtime has loaded these before it loads a provider. */
const OWN_LIBRARIES = ['libonnxruntime.so.1', 'libonnxruntime_providers_shared.so', PROVIDER.cuda];

const DRIVER_LIBRARY = 'libcuda.so.1';

/** Where a library comes from. @see the release notes of CUDA, cuDNN and TensorRT */
const PACKAGES: readonly [pattern: RegExp, source: (version: string) => string][] = [
  [/^libcuda\.so/, () => 'the NVIDIA driver'],
  [/^libcudnn\w*\.so(?:\.(\d+))?/, (major) => `cuDNN ${major} (apt: cudnn${major}-cuda-<CUDA version>)`],
  [
    /^libnvinfer\w*\.so(?:\.(\d+))?|^libnvonnxparser\.so(?:\.(\d+))?/,
    (major) => `TensorRT ${major} (apt: libnvinfer${major})`,
  ],
  [/^libcudart\.so(?:\.(\d+))?/, (major) => `the CUDA ${major} toolkit (apt: cuda-cudart-${major}-x)`],
  [/^libcublas\w*\.so(?:\.(\d+))?/, (major) => `the CUDA ${major} toolkit (apt: libcublas-${major}-x)`],
  [
    /^lib(?:cufft|curand|nvrtc|nvJitLink|cusparse|cusolver)\w*\.so/,
    () => 'the CUDA toolkit (apt: cuda-libraries-<CUDA version>)',
  ],
];

/** Whether there is a GPU with its provider library: two look-ups on disk, so that other machines lose no time. */
export function hasCudaTraces(): boolean {
  return listNvidiaDevices().length > 0 && existsSync(join(findProviderFolder(), PROVIDER.cuda));
}

/** Finds libraries and driver on disk; loads and starts nothing. */
export function readCudaState(
  environment: NodeJS.ProcessEnv,
  { folder = findProviderFolder(), paths = loaderPaths(environment) }: { folder?: string; paths?: LoaderPaths } = {},
): CudaState {
  const file = (name: keyof typeof PROVIDER) => join(folder, PROVIDER[name]);
  const missing = (name: keyof typeof PROVIDER) =>
    existsSync(file(name)) ? missingLibraries(file(name), paths, OWN_LIBRARIES) : [];
  const driverLibrary = findLibrary(DRIVER_LIBRARY, paths);
  return {
    folder,
    providers: { cuda: existsSync(file('cuda')), tensorrt: existsSync(file('tensorrt')) },
    gpus: listVisibleCudaDevices(environment)?.length ?? listNvidiaDevices().length,
    driver: readDriverVersion(),
    driverLibrary,
    missing: { cuda: missing('cuda'), tensorrt: missing('tensorrt') },
  };
}

/** What to install for a library that is missing. */
function sourceOf({ name }: MissingLibrary): string {
  for (const [pattern, source] of PACKAGES) {
    const match = pattern.exec(name);
    if (match !== null) return source(match[1] ?? match[2] ?? '');
  }
  return 'your distribution';
}

/** "libcudart.so.13 (from the CUDA 13 toolkit …), …" */
export function describeMissing(missing: readonly MissingLibrary[]): string {
  return missing.map((library) => `${library.name} (from ${sourceOf(library)})`).join(', ');
}

/** ONNX Runtime's folder of native libraries for this system; resolved, not loaded. */
function findProviderFolder(): string {
  const manifest = createRequire(import.meta.url).resolve('onnxruntime-node/package.json');
  return join(dirname(manifest), 'bin', 'napi-v6', process.platform, process.arch);
}

/** /dev/nvidia0 …; WSL has one /dev/dxg for all of them. */
export function listNvidiaDevices(): string[] {
  try {
    return readdirSync('/dev')
      .filter((name) => /^nvidia\d+$/.test(name) || name === 'dxg')
      .map((name) => `/dev/${name}`);
  } catch {
    return []; // not Linux
  }
}

function readDriverVersion(): string | undefined {
  try {
    return /\s(\d+\.\d+(?:\.\d+)?)\s/.exec(readFileSync('/proc/driver/nvidia/version', 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
