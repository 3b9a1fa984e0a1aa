import { deviceName, type Device } from '../core/device.js';
import type { Child, Exit } from './child-process.js';
import { deviceEnvironment } from './devices/cuda-visible.js';
import type { FromWorker, ToWorker, WorkerSettings } from './protocol.js';
import { takeWorkerChild } from './spare-worker.js';

const STOP_GRACE_MS = 500; // a worker holds nothing that must be saved

/** One child process bound to one device. The caller that starts it disposes of it. */
export class WorkerProcess implements AsyncDisposable {
  readonly exited: Promise<Exit>;
  readonly #child: Child<ToWorker, FromWorker>;

  /** @param onMessage - Called for each answer, in the order sent. */
  constructor(device: Device, settings: WorkerSettings, onMessage: (message: FromWorker) => void) {
    this.#child = takeWorkerChild(deviceEnvironment(device));
    this.exited = this.#child.exited;
    this.#child.onAnswer(onMessage);
    this.send({ type: 'open', device, settings });
  }

  /** Sends without waiting. A process that has ended receives nothing, which `exited` reports. */
  send(message: ToWorker): void {
    this.#child.send(message);
  }

  kill(): void {
    this.#child.kill();
  }

  /** Asks the child to stop, then kills it if it has not ended within the grace period. */
  async [Symbol.asyncDispose](): Promise<void> {
    const kill = setTimeout(() => this.kill(), STOP_GRACE_MS);
    this.send({ type: 'stop' });
    await this.exited;
    clearTimeout(kill);
  }
}

/** "cpu worker", "cuda:1 worker": how messages name it. */
export function workerName(device: Device): string {
  return `${deviceName(device)} worker`;
}
