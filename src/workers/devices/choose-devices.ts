import { existsSync, statSync } from 'node:fs';
import { formatDevice, type Device, type Optimizer } from '../../core/device.js';
import { PreannotateError, type Failure } from '../../core/errors.js';
import type { Precision } from '../../core/precision.js';
import { readCached, sha256Of, writeCached } from '../../disk/cache.js';
import { describeMissing, listNvidiaDevices, hasCudaTraces, readCudaState, type CudaState } from './cuda.js';
import { makeCudaEnvironment } from './cuda-visible.js';
import { probeDevice } from './probe.js';

/** Where to compute, and why there, where the user left it open. */
export interface ChosenDevices {
  readonly devices: readonly Device[];
  readonly why?: string;
}

export const SETUP_ADVICE = 'Run `preannotate doctor --setup-cuda`';

/**
 * Decides where to compute. `auto` takes every CUDA device that this process may use when a session really starts on
 * one, else the CPU; others must be asked for by name, because it is not known whether they are faster than the CPU.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE, CONFIG_INVALID when devices and optimizer do not go together.
 */
export async function chooseDevices(
  requested: readonly Device[] | 'auto',
  { optimizer, precision }: { optimizer: Optimizer; precision: Precision },
): Promise<ChosenDevices> {
  assertOptimizerAvailable(optimizer);
  const chosen = requested === 'auto' ? await chooseAutomatically(precision) : { devices: requested };
  if (precision === 'int8' && chosen.devices.some(({ provider }) => provider !== 'cpu'))
    throw int8NeedsCpuError(chosen);
  const cuda = chosen.devices.filter(({ provider }) => provider === 'cuda');
  if (optimizer === 'tensorrt' && cuda.length < chosen.devices.length)
    throw new PreannotateError(tensorrtNeedsCudaFailure(chosen));
  if (cuda.length > 0) {
    for (const device of cuda) makeCudaEnvironment(device, process.env);
    const state = readCudaState(process.env);
    const problem = findCudaProblem(state, optimizer);
    // The loader may search folders that findCudaProblem does not know: if a session starts, nothing is wrong.
    const starts = problem !== undefined && state.providers.cuda && (await probeDevice(cuda[0]!, optimizer)).ok;
    if (problem !== undefined && !starts) throw new PreannotateError({ code: 'DEVICE_UNAVAILABLE', ...problem });
  }
  return chosen;
}

/** Refuses an optimizer that no device has. @throws PreannotateError CONFIG_INVALID */
export function assertOptimizerAvailable(optimizer: Optimizer): void {
  if (optimizer === 'cudagraphs') throw new PreannotateError(NO_CUDA_GRAPHS);
}

/** A model may be in 8 bits without --precision int8: an export may have no other file. */
function int8NeedsCpuError({ devices }: ChosenDevices): PreannotateError {
  return new PreannotateError({
    code: 'CONFIG_INVALID',
    message:
      'The model is computed in int8, which is done on a CPU only, and --device is ' +
      `${devices.map(formatDevice).join(',')}.`,
    hint: 'Use --device cpu, or a model with float weights.',
  });
}

/** What keeps CUDA from starting, as far as files show it. */
export function findCudaProblem(cuda: CudaState, optimizer: Optimizer = 'onnxrt'): Omit<Failure, 'code'> | undefined {
  const name = optimizer === 'tensorrt' ? 'tensorrt' : 'cuda';
  const title = name === 'tensorrt' ? 'TensorRT' : 'CUDA';
  const subject = name === 'tensorrt' ? '--optimizer tensorrt' : 'The device cuda';
  const canInstall = process.platform === 'linux' && process.arch === 'x64';
  if (!cuda.providers[name]) {
    return {
      message:
        `${subject} cannot be used: ONNX Runtime's ${title} libraries are not installed; ` +
        'the npm package does not contain them.',
      hint: canInstall
        ? `${SETUP_ADVICE}, or use --device cpu.`
        : `There are none for ${process.platform} on ${process.arch}; use --device cpu.`,
    };
  }
  if (cuda.driverLibrary === undefined) {
    return {
      message: `${subject} cannot be used: there is no NVIDIA driver on this machine (libcuda.so.1 was not found).`,
      hint: 'Install the driver; in a container, pass the GPU through (docker run --gpus all). Or use --device cpu.',
    };
  }
  const missing = [...cuda.missing.cuda, ...(name === 'tensorrt' ? cuda.missing.tensorrt : [])];
  if (missing.length > 0) {
    return {
      message: `${subject} cannot be used: libraries are missing: ${describeMissing(missing)}.`,
      hint:
        'Install them, and add their folder to LD_LIBRARY_PATH if the loader does not search it. ' +
        'Or use --device cpu.',
    };
  }
  return undefined;
}

/** Of CUDA's options, the Node binding reads only the device's number; and it cannot keep inputs at one address. */
const NO_CUDA_GRAPHS: Failure = {
  code: 'CONFIG_INVALID',
  message:
    '--optimizer cudagraphs cannot be used: a CUDA graph reads its inputs from fixed device memory, and ' +
    "ONNX Runtime's Node binding (1.30) can neither turn the graphs on nor bind that memory.",
  hint:
    'Use --optimizer onnxrt, or tensorrt where TensorRT is installed. ' +
    'A larger --max-batch-size hides launch times, too.',
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

async function chooseAutomatically(precision: Precision): Promise<ChosenDevices> {
  const cpu = (why: string): ChosenDevices => ({ devices: [{ provider: 'cpu' }], why });
  if (precision === 'int8') return cpu('int8 is computed on a CPU only');
  if (!hasCudaTraces()) {
    if (listNvidiaDevices().length === 0) return cpu('no NVIDIA GPU here');
    return cpu(`there is an NVIDIA GPU, but not ONNX Runtime's CUDA libraries: ${SETUP_ADVICE.toLowerCase()}`);
  }
  const state = readCudaState(process.env);
  if (state.gpus === 0) return cpu('CUDA_VISIBLE_DEVICES leaves no GPU to this process');
  const problem = findCudaProblem(state);
  if (problem !== undefined) return cpu(`${problem.message} Run \`preannotate doctor\` for details`);
  const failed = await findStartFailure(state);
  if (failed !== undefined) return cpu(`CUDA did not start: ${failed}`);
  const devices = Array.from({ length: state.gpus }, (_, index) => ({ provider: 'cuda' as const, index }));
  return { devices, why: 'CUDA starts' };
}

/** Why no session starts on the first device. Not tried again when the same driver and libraries started before. */
async function findStartFailure(state: CudaState): Promise<string | undefined> {
  const key = sha256Of(JSON.stringify([state, process.env['CUDA_VISIBLE_DEVICES'], ...stampsOf(state)]));
  if ((await readCached('probes', key)) !== undefined) return undefined;
  const tried = await probeDevice({ provider: 'cuda', index: 0 });
  if (!tried.ok) return tried.reason;
  await writeCached('probes', key, Buffer.from('started'));
  return undefined;
}

/** Sizes and times of the files, which change when libraries or driver are replaced under the same name. */
function stampsOf({ folder, driverLibrary }: CudaState): number[] {
  const files = [`${folder}/libonnxruntime_providers_cuda.so`, driverLibrary ?? ''].filter((file) => existsSync(file));
  return files.flatMap((file) => {
    const { size, mtimeMs } = statSync(file);
    return [size, mtimeMs];
  });
}
