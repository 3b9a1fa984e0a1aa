import type { Device } from '../core/device.js';
import type { Exit } from './child-process.js';
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.js';

/**
 * How workers are started and addressed. By default each is a child process; a queue to other machines could be
 * another.
 */
export interface WorkerTransport {
  /**
   * Starts a worker, which opens the model on the device and then answers.
   *
   * @param onMessage - Called for each answer, in the order sent.
   * @throws Error when no worker can be started now.
   */
  start(device: Device, settings: WorkerSettings, onMessage: (message: FromWorker) => void): WorkerHandle;
}

/** A worker that was started. Disposing of it asks it to stop, and waits until it has. */
export interface WorkerHandle extends AsyncDisposable {
  /** Resolves when the worker has ended, for whatever reason. */
  readonly exited: Promise<Exit>;
  /** Sends without waiting. A worker that has ended receives nothing, which `exited` reports. */
  send(message: ToWorker): void;
  kill(): void;
}
