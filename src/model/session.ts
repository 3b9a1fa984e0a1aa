import type { InferenceSession } from 'onnxruntime-node';
import { formatDevice, sharesWeights, type Device, type Optimizer } from '../core/device.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import { dropSourcePlaces } from '../core/text.js';
import { overflowsIn8Bits } from '../disk/machine/cpu.js';
import { ort } from '../onnx/runtime.js';

export interface SessionOptions {
  readonly device: Device;
  readonly threads: number; // that one operator may use, on a CPU
  readonly optimizer?: Optimizer; // default: onnxrt
  readonly weightsFolder: string; // where the weights that the graph refers to are
}

/** What a provider needs, for the message when it cannot start. */
const REQUIREMENTS: Readonly<Record<Device['provider'], string>> = {
  cpu: 'The CPU provider needs glibc 2.28 or newer; run `npm ls onnxruntime-node` to see what is installed.',
  cuda:
    "CUDA needs an NVIDIA GPU, its driver, and ONNX Runtime's CUDA libraries: `preannotate doctor` lists what is " +
    'missing. Or use --device cpu.',
  webgpu:
    (process.platform === 'linux'
      ? "Install the GPU's Vulkan driver and the loader: on Debian and Ubuntu `apt install mesa-vulkan-drivers " +
        "libvulkan1` (25 or newer without a GPU); NVIDIA's driver contains its own. "
      : 'WebGPU needs a Direct3D 12 (Windows) or Metal (macOS) driver. ') +
    '`preannotate doctor` lists what is installed. Or use --device cpu.',
  coreml: 'CoreML exists on macOS only; use --device cpu.',
  dml: 'DirectML exists on Windows only; use --device cpu.',
};

/**
 * Opens a graph on a device. A provider that cannot start is an error: nothing falls back to the CPU silently.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE naming what the device needs; MODEL_INVALID when the graph or weights are
 *   wrong.
 */
export async function openSession(graph: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
  try {
    return await ort.InferenceSession.create(graph, toLibraryOptions(options));
  } catch (error) {
    throw openError(error, options.device);
  }
}

/** The options as ONNX Runtime is given them. */
export function toLibraryOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const { device, threads, weightsFolder } = options;
  return {
    executionProviders: chooseProviders(device, options.optimizer),
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimizer === 'none' ? 'disabled' : 'all',
    // One block for all that a run needs, kept from its second run on, is larger than what the runs take one by one.
    enableMemPattern: device.provider !== 'cpu',
    logSeverityLevel: 3, // errors; warnings about operators placed on the CPU are expected on GPUs
    extra: {
      ...(sharesWeights(options) ? { optimization: { disable_specified_optimizers: 'ConstantFolding' } } : {}),
      session: {
        model_external_initializers_file_folder_path: weightsFolder,
        x64quantprecision: overflowsIn8Bits() ? '1' : '0',
        ...(sharesWeights(options) ? { disable_prepacking: '1' } : {}),
        // On a GPU few operators are left to CPU threads; these should sleep while they wait for it.
        ...(device.provider === 'cpu' ? {} : { intra_op: { allow_spinning: '0' } }),
      },
    },
  };
}

/** Of several, each takes the operators it knows that those before it do not. */
function chooseProviders(
  { provider, index }: Device,
  optimizer?: Optimizer,
): InferenceSession.ExecutionProviderConfig[] {
  // A worker sees its own device only, as number 0. Of all their options the Node binding reads this one.
  const tensorrt = { name: 'tensorrt', deviceId: 0 } as const;
  if (provider === 'cuda') return [...(optimizer === 'tensorrt' ? [tensorrt] : []), { name: 'cuda', deviceId: 0 }];
  if (provider === 'dml') return [{ name: provider, deviceId: index ?? 0 }];
  return [{ name: provider }];
}

function readReason(reason: string, { provider }: Device): string {
  if (provider === 'webgpu' && /WebGPU adapter|RequestAdapter/i.test(reason)) {
    return process.platform === 'linux' ? 'there is no usable Vulkan driver' : 'there is no usable GPU driver';
  }
  return dropSourcePlaces(reason);
}

function openError(error: unknown, device: Device): PreannotateError {
  const reason = messageOf(error).replaceAll(/\s+/g, ' ');
  if (device.provider !== 'cpu' && !/initializer|external data/i.test(reason)) {
    return new PreannotateError(
      {
        code: 'DEVICE_UNAVAILABLE',
        message: `The device ${formatDevice(device)} cannot be used: ${readReason(reason, device)}.`,
        hint: REQUIREMENTS[device.provider],
        detail: reason,
      },
      error,
    );
  }
  return new PreannotateError(
    {
      code: 'MODEL_INVALID',
      message: `ONNX Runtime cannot open the model: ${reason}`,
      hint: `Fetch the checkpoint again. ${REQUIREMENTS.cpu}`,
    },
    error,
  );
}
