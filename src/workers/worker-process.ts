import type { Child, Exit } from './child-process.js';
import { makeDeviceEnvironment } from './devices/cuda-visible.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { takeWorkerChild } from './spare-worker.js';
import type { WorkerHandle, WorkerTransport } from './worker-transport.js';

const STOP_GRACE_MS = 500; // a worker holds nothing that must be saved

/** Workers as child processes of this one, each bound to one device. */
export const childProcesses: WorkerTransport = {
  start(device, settings, onMessage) {
    const child = takeWorkerChild(makeDeviceEnvironment(device));
    child.onAnswer(onMessage);
    child.send({ type: 'open', device, settings });
    return new WorkerProcess(child);
  },
};

class WorkerProcess implements WorkerHandle {
  readonly exited: Promise<Exit>;
  readonly #child: Child<ToWorker, FromWorker>;

  constructor(child: Child<ToWorker, FromWorker>) {
    this.exited = child.exited;
    this.#child = child;
  }

  send(message: ToWorker): void {
    this.#child.send(message);
  }

  kill(): void {
    this.#child.kill();
  }

  /** Asks the child to stop, then kills it if it has not ended within the grace period. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.kill(), STOP_GRACE_MS);
    this.send({ type: 'stop' });
    await this.exited;
    clearTimeout(timer);
  }
}
