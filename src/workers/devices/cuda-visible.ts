import type { Device } from '../../core/device.js';
import { PreannotateError } from '../../core/errors.js';

/** CUDA shows nothing from the first entry on that is no device; this is how people write "none" on purpose. */
const NAMES_A_DEVICE = /^(?:\d+|GPU-[\w-]+|MIG-[\w/-]+)$/;

/**
 * The devices that a scheduler or the user left us in CUDA_VISIBLE_DEVICES, as CUDA reads it: numbers or names (UUIDs
 * of
 * GPUs or of MIG slices). undefined: all there are.
 */
export function visibleCudaDevices(environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  const text = environment['CUDA_VISIBLE_DEVICES'];
  if (text === undefined) return undefined;
  const entries = text.split(',').map((entry) => entry.trim());
  const end = entries.findIndex((entry) => !NAMES_A_DEVICE.test(entry));
  return end === -1 ? entries : entries.slice(0, end);
}

/**
 * What the child of a CUDA device must find in its environment: itself only, as number 0. `cuda:1` is the second of the
 * devices that this process may use, not of those that the machine has.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE when this process may not use so many.
 */
export function cudaEnvironment({ index = 0 }: Device, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const visible = visibleCudaDevices(environment);
  const name = visible === undefined ? String(index) : visible[index];
  if (name === undefined) {
    throw new PreannotateError({
      code: 'DEVICE_UNAVAILABLE',
      message:
        `The device cuda:${index} cannot be used: CUDA_VISIBLE_DEVICES is "${environment['CUDA_VISIBLE_DEVICES']!}", ` +
        `which leaves this process ${visible!.length === 0 ? 'no device' : `cuda:0 to cuda:${visible!.length - 1}`}.`,
      hint: 'Name a device that is left, or change CUDA_VISIBLE_DEVICES.',
    });
  }
  // TensorFloat-32 keeps 10 bits of a product's factors: too few for results that should not depend on the device.
  return { CUDA_VISIBLE_DEVICES: name, NVIDIA_TF32_OVERRIDE: environment['NVIDIA_TF32_OVERRIDE'] ?? '0' };
}

/** What a child process that computes on a device finds in its environment, on top of this process's own. */
export function deviceEnvironment(device: Device): NodeJS.ProcessEnv {
  return device.provider === 'cuda' ? cudaEnvironment(device, process.env) : {};
}
