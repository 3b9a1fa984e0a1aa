import { formatDevice, type Device } from '../core/device.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import { printable } from '../core/text.js';
import type { Exit } from './child-process.js';

/** Why calls that are pending when a pool is disposed of are rejected. */
export const STOPPED: Failure = {
  code: 'STOPPED',
  message: 'This was stopped before the image was annotated.',
  hint: 'Send it again after a restart.',
};

/** Workers died while they had this image, the last one while it had no other. */
export function crashedImageOutcome(image: ImageSource, deaths: number, { how, stderr }: Exit): ImageOutcome {
  const message = `${printable(image.name)}: ${deaths} worker processes died on this image (${how}). ${stderr}`;
  const hint = 'Save the image again in another format, or leave it out with --exclude.';
  return { ok: false, name: image.name, failure: { code: 'WORKER_CRASHED', message: message.trim(), hint } };
}

export function encodingCrashedError(count: number, what: string): PreannotateError {
  return new PreannotateError({
    code: 'WORKERS_FAILING',
    message: `${count} workers died while they encoded the ${what}.`,
    hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
  });
}

/** Workers die with one image after another. */
export function repeatedCrashesError(count: number, device: Device, { how, stderr }: Exit): PreannotateError {
  return new PreannotateError({
    code: 'WORKERS_FAILING',
    message: `A ${workerName(device)} died ${count} times in a row with an image (${how}). ${stderr}`.trim(),
    hint:
      'Damaged images alone do not explain it. Is there enough memory? ' +
      'Try --workers-per-device 1, or another --device.',
  });
}

/** The workers of a device die before they have opened the model. */
export function failedStartsFailure(count: number, device: Device, { how, stderr }: Exit): Failure {
  return {
    code: 'WORKERS_FAILING',
    message: `The ${workerName(device)} died ${count} times in a row before it was ready (${how}). ${stderr}`.trim(),
    hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
  };
}

/** "cpu worker", "cuda:1 worker": how messages name it. */
export function workerName(device: Device): string {
  return `${formatDevice(device)} worker`;
}
