import { existsSync, statSync } from 'node:fs';
import { formatDevice, type Device, type Optimizer } from '../../core/device.js';
import { PreannotateError, type Failure } from '../../core/errors.js';
import type { Precision } from '../../core/precision.js';
import { readCached, sha256Of, writeCached } from '../../disk/cache.js';
import { describeMissing, listNvidiaDevices, hasCudaTraces, readCudaState, type CudaState } from './cuda.js';
import { cudaEnvironment } from './cuda-visible.js';
import { probeDevice } from './probe.js';

/** Where to compute, and why there, where the user left it open. */
export interface ChosenDevices {
  readonly devices: readonly Device[];
  readonly why?: string;
}

export const SETUP_ADVICE = 'Run `preannotate doctor --setup-cuda`';

/**
 * Decides where to compute. `auto` takes every CUDA device that this process may use when a session really starts on
 * one, else the CPU; others must be asked for by name, because nothing says that they are faster than the CPU is.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE, CONFIG_INVALID when devices and optimizer do not go together.
 */
export async function chooseDevices(
  wish: readonly Device[] | 'auto',
  { optimizer, precision }: { optimizer: Optimizer; precision: Precision },
): Promise<ChosenDevices> {
  assertOptimizerAvailable(optimizer);
  const chosen = wish === 'auto' ? await automatic(precision) : { devices: wish };
  if (precision === 'int8' && chosen.devices.some(({ provider }) => provider !== 'cpu'))
    throw int8NeedsCpuError(chosen);
  const cuda = chosen.devices.filter(({ provider }) => provider === 'cuda');
  if (optimizer === 'tensorrt' && cuda.length < chosen.devices.length)
    throw new PreannotateError(tensorrtNeedsCudaFailure(chosen));
  if (cuda.length > 0) {
    for (const device of cuda) cudaEnvironment(device, process.env);
    const state = readCudaState(process.env);
    const problem = findCudaProblem(state, optimizer);
    // The loader may know places that we do not: if it starts all the same, nothing is wrong.
    const starts = problem !== undefined && state.providers.cuda && (await probeDevice(cuda[0]!, optimizer)).ok;
    if (problem !== undefined && !starts) throw new PreannotateError({ code: 'DEVICE_UNAVAILABLE', ...problem });
  }
  return chosen;
}

/** Refuses an optimizer that no device has. @throws PreannotateError CONFIG_INVALID */
export function assertOptimizerAvailable(optimizer: Optimizer): void {
  if (optimizer === 'cudagraphs') throw new PreannotateError(NO_CUDA_GRAPHS);
}

/** A model may be in 8 bits by itself, as an export is that has no other file. */
function int8NeedsCpuError({ devices }: ChosenDevices): PreannotateError {
  return new PreannotateError({
    code: 'CONFIG_INVALID',
    message: `The model is computed in int8, which is done on a CPU only, and --device is ${devices.map(formatDevice).join(',')}.`,
    hint: 'Use --device cpu, or a model with float weights.',
  });
}

/** What keeps CUDA from starting, as far as the disk tells. */
export function findCudaProblem(cuda: CudaState, optimizer: Optimizer = 'onnxrt'): Omit<Failure, 'code'> | undefined {
  const name = optimizer === 'tensorrt' ? 'tensorrt' : 'cuda';
  const title = name === 'tensorrt' ? 'TensorRT' : 'CUDA';
  const wish = name === 'tensorrt' ? '--optimizer tensorrt' : 'The device cuda';
  const offer = process.platform === 'linux' && process.arch === 'x64';
  if (!cuda.providers[name]) {
    return {
      message: `${wish} cannot be used: ONNX Runtime's ${title} libraries are not installed; npm does not bring them.`,
      hint: offer
        ? `${SETUP_ADVICE}, or use --device cpu.`
        : `There are none for ${process.platform} on ${process.arch}; use --device cpu.`,
    };
  }
  if (cuda.driverLibrary === undefined) {
    return {
      message: `${wish} cannot be used: there is no NVIDIA driver here (libcuda.so.1 was not found).`,
      hint: 'Install the driver; in a container, give it the GPU (docker run --gpus all). Or use --device cpu.',
    };
  }
  const missing = [...cuda.missing.cuda, ...(name === 'tensorrt' ? cuda.missing.tensorrt : [])];
  if (missing.length > 0) {
    return {
      message: `${wish} cannot be used: libraries are missing: ${describeMissing(missing)}.`,
      hint: 'Install them, and name their folder in LD_LIBRARY_PATH if the loader does not know it. Or use --device cpu.',
    };
  }
  return undefined;
}

/** The Node binding reads the device's number of CUDA's options, and gives no way to keep inputs at one address. */
const NO_CUDA_GRAPHS: Failure = {
  code: 'CONFIG_INVALID',
  message:
    '--optimizer cudagraphs cannot be used: a CUDA graph reads its inputs from fixed device memory, and ' +
    "ONNX Runtime's Node binding (1.30) can neither turn the graphs on nor bind that memory.",
  hint: 'Use --optimizer onnxrt, or tensorrt where TensorRT is installed; a larger --max-batch-size hides launch times too.',
};

function tensorrtNeedsCudaFailure({ devices, why }: ChosenDevices): Failure {
  const names = devices.map(formatDevice).join(',');
  const chose = why === undefined ? `--device is ${names}` : `--device auto chose ${names} (${why})`;
  return {
    code: 'CONFIG_INVALID',
    message: `--optimizer tensorrt works on cuda devices only, and ${chose}.`,
    hint: 'Name only cuda devices with --device, or leave the optimizer at onnxrt.',
  };
}

async function automatic(precision: Precision): Promise<ChosenDevices> {
  const cpu = (why: string): ChosenDevices => ({ devices: [{ provider: 'cpu' }], why });
  if (precision === 'int8') return cpu('int8 is computed on a CPU only');
  if (!hasCudaTraces()) {
    if (listNvidiaDevices().length === 0) return cpu('no NVIDIA GPU here');
    return cpu(`there is an NVIDIA GPU, but not ONNX Runtime's CUDA libraries: ${SETUP_ADVICE.toLowerCase()}`);
  }
  const state = readCudaState(process.env);
  if (state.gpus === 0) return cpu('CUDA_VISIBLE_DEVICES leaves no GPU to this process');
  const problem = findCudaProblem(state);
  if (problem !== undefined) return cpu(`${problem.message} \`preannotate doctor\` says more`);
  const failed = await cudaFailure(state);
  if (failed !== undefined) return cpu(`CUDA did not start: ${failed}`);
  const devices = Array.from({ length: state.gpus }, (_, index) => ({ provider: 'cuda' as const, index }));
  return { devices, why: 'CUDA starts' };
}

/** Tries the first device, unless this very driver and these libraries started before. */
async function cudaFailure(state: CudaState): Promise<string | undefined> {
  const key = sha256Of(JSON.stringify([state, process.env['CUDA_VISIBLE_DEVICES'], ...stampsOf(state)]));
  if ((await readCached('probes', key)) !== undefined) return undefined;
  const tried = await probeDevice({ provider: 'cuda', index: 0 });
  if (!tried.ok) return tried.reason;
  await writeCached('probes', key, Buffer.from('started'));
  return undefined;
}

/** What changes when libraries or driver are replaced under the same name. */
function stampsOf({ folder, driverLibrary }: CudaState): number[] {
  const files = [`${folder}/libonnxruntime_providers_cuda.so`, driverLibrary ?? ''].filter((file) => existsSync(file));
  return files.flatMap((file) => {
    const { size, mtimeMs } = statSync(file);
    return [size, mtimeMs];
  });
}
