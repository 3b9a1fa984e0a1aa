import type { Device } from '../../core/device.js';
import { PreannotateError } from '../../core/errors.js';

/** CUDA ignores the first entry that is no device and all after it; so "-1" or "none" hide every device. */
const NAMES_A_DEVICE = /^(?:\d+|GPU-[\w-]+|MIG-[\w/-]+)$/;

/**
 * The devices that CUDA_VISIBLE_DEVICES leaves to this process, as CUDA reads it: numbers or names (UUIDs of GPUs or of
 * MIG slices). undefined: all of the machine.
 */
export function listVisibleCudaDevices(environment: NodeJS.ProcessEnv): readonly string[] | undefined {
  const text = environment['CUDA_VISIBLE_DEVICES'];
  if (text === undefined) return undefined;
  const entries = text.split(',').map((entry) => entry.trim());
  const end = entries.findIndex((entry) => !NAMES_A_DEVICE.test(entry));
  return end === -1 ? entries : entries.slice(0, end);
}

/**
 * The environment of a child process that computes on a CUDA device: it sees this device only, as number 0. `cuda:1` is
 * the second of the devices that this process may use, not of those that the machine has.
 *
 * @throws PreannotateError DEVICE_UNAVAILABLE when this process may not use that many.
 */
export function makeCudaEnvironment({ index = 0 }: Device, environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const visible = listVisibleCudaDevices(environment);
  const name = visible === undefined ? String(index) : visible[index];
  if (name === undefined) {
    throw new PreannotateError({
      code: 'DEVICE_UNAVAILABLE',
      message:
        `The device cuda:${index} cannot be used: CUDA_VISIBLE_DEVICES is "${environment['CUDA_VISIBLE_DEVICES']!}", ` +
        `which leaves this process ${visible!.length === 0 ? 'no device' : `cuda:0 to cuda:${visible!.length - 1}`}.`,
      hint: 'Name an available device, or change CUDA_VISIBLE_DEVICES.',
    });
  }
  // TensorFloat-32 keeps 10 bits of a product's factors: too few for results that should not depend on the device.
  return { CUDA_VISIBLE_DEVICES: name, NVIDIA_TF32_OVERRIDE: environment['NVIDIA_TF32_OVERRIDE'] ?? '0' };
}

/** The environment of a child process that computes on a device, on top of this process's own. */
export function makeDeviceEnvironment(device: Device): NodeJS.ProcessEnv {
  return device.provider === 'cuda' ? makeCudaEnvironment(device, process.env) : {};
}
