import type { InferenceSession } from 'onnxruntime-node';
import { deviceName, type Device } from '../core/device.js';
import { messageOf, PreannotateError } from '../core/errors.js';
import { ort } from '../onnx/runtime.js';

export interface SessionOptions {
  readonly device: Device;
  readonly threads: number; // that one operator may use, on a CPU
  readonly optimize?: boolean; // default: yes
  readonly weightsFolder: string; // where the weights that the graph refers to are
}

/** What a provider needs, said when it cannot start. */
const REQUIREMENTS: Readonly<Record<Device['provider'], string>> = {
  cpu: 'The CPU provider needs glibc 2.28 or newer; run `npm ls onnxruntime-node` to see what is installed.',
  cuda:
    "CUDA needs an NVIDIA driver and ONNX Runtime's CUDA libraries, which npm does not bring: reinstall with " +
    '`ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node`, or use --device cpu.',
  webgpu:
    'WebGPU needs a GPU with a Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS) driver, or use --device cpu.',
  coreml: 'CoreML is there on macOS only; use --device cpu.',
  dml: 'DirectML is there on Windows only; use --device cpu.',
};

/**
 * Opens a graph on a device. A provider that cannot start is an error: nothing falls back to the CPU unasked.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE saying what the device needs; MODEL_INVALID when the graph or weights are wrong.
 */
export async function openSession(graph: Uint8Array, options: SessionOptions): Promise<InferenceSession> {
  const { device, threads, weightsFolder } = options;
  try {
    return await ort.InferenceSession.create(graph, {
      executionProviders: [providerOf(device)],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: options.optimize === false ? 'disabled' : 'all',
      logSeverityLevel: 3, // errors; warnings about operators placed on the CPU are expected on GPUs
      extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
    });
  } catch (error) {
    throw failureOf(error, device);
  }
}

function providerOf({ provider, index }: Device): InferenceSession.ExecutionProviderConfig {
  if (provider === 'cuda') return { name: provider, deviceId: 0 }; // a worker sees its own device only, as number 0
  if (provider === 'dml') return { name: provider, deviceId: index ?? 0 };
  return { name: provider };
}

function failureOf(error: unknown, device: Device): PreannotateError {
  const reason = messageOf(error).replaceAll(/\s+/g, ' ');
  if (device.provider !== 'cpu' && !/initializer|external data/i.test(reason)) {
    return new PreannotateError(
      {
        code: 'DEVICE_UNAVAILABLE',
        message: `The device ${deviceName(device)} cannot be used: ${reason}`,
        hint: REQUIREMENTS[device.provider],
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
