import type { Device } from '../core/device.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageSource } from '../core/image.js';
import { printable } from '../core/text.js';
import type { Exit } from './child-process.js';
import { workerName } from './worker-process.js';

/** What becomes of calls that a pool was disposed of under. */
export const STOPPED: Failure = {
  code: 'STOPPED',
  message: 'This was stopped before the image was annotated.',
  hint: 'Ask again, when it has started anew.',
};

/** An image that workers died with. */
export function killerOf(image: ImageSource, { how, stderr }: Exit): Failure {
  return {
    code: 'WORKER_CRASHED',
    message: `${printable(image.name)}: the worker process died on this image, twice (${how}). ${stderr}`.trim(),
    hint: 'Save the image again in another format, or leave it out with --exclude.',
  };
}

export function encodersDied(count: number, what: string): PreannotateError {
  return new PreannotateError({
    code: 'WORKERS_FAILING',
    message: `${count} workers died while they encoded the ${what}.`,
    hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
  });
}

/** Workers die with one image after another. */
export function machineAtFault(times: number, device: Device, { how, stderr }: Exit): PreannotateError {
  return new PreannotateError({
    code: 'WORKERS_FAILING',
    message: `${times} times in a row a ${workerName(device)} died with an image (${how}). ${stderr}`,
    hint: 'That is more than bad images explain. Is there enough memory? Try --workers-per-device 1, or another --device.',
  });
}

/** Its workers die before they have opened the model. */
export function failedToStart(times: number, device: Device, { how, stderr }: Exit): Failure {
  return {
    code: 'WORKERS_FAILING',
    message: `The ${workerName(device)} died ${times} times in a row before it was ready (${how}). ${stderr}`.trim(),
    hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
  };
}
