import type { Child, Exit } from './child-process.js';
import { makeDeviceEnvironment } from './devices/cuda-visible.js';
import type { FromWorker, ToWorker } from './protocol.js';
import { takeWorkerChild } from './spare-worker.js';
import type { WorkerHandle, WorkerTransport } from './worker-transport.js';

const STOP_GRACE_MS = 500; // a worker holds nothing that must be saved

/** To bring a features folder to its size, which the next run would do. */
const LIMIT_GRACE_MS = 10_000;

/** Workers as child processes of this one, each bound to one device. */
export const childProcesses: WorkerTransport = { start: startWorkerProcess };

/** Child processes that keep this one alive only while there is work for them. */
export class BackgroundProcesses implements WorkerTransport {
  readonly #workers = new Set<WorkerProcess>();
  #holds = 0;

  start(...args: Parameters<WorkerTransport['start']>): WorkerHandle {
    const worker = startWorkerProcess(...args);
    worker.keepParentAlive(this.#holds > 0);
    this.#workers.add(worker);
    void worker.exited.then(() => this.#workers.delete(worker));
    return worker;
  }

  /** There is work: this process stays alive until all that was returned is disposed of. */
  hold(): Disposable {
    this.#change(1);
    return { [Symbol.dispose]: () => this.#change(-1) };
  }

  #change(by: 1 | -1): void {
    const before = this.#holds;
    this.#holds += by;
    if (before > 0 === this.#holds > 0) return;
    for (const worker of this.#workers) worker.keepParentAlive(this.#holds > 0);
  }
}

function startWorkerProcess(...[device, settings, onMessage]: Parameters<WorkerTransport['start']>): WorkerProcess {
  const child = takeWorkerChild(makeDeviceEnvironment(device));
  child.onAnswer(onMessage);
  child.send({ type: 'open', device, settings });
  return new WorkerProcess(child, settings.features?.maxBytes === undefined ? STOP_GRACE_MS : LIMIT_GRACE_MS);
}

class WorkerProcess implements WorkerHandle {
  readonly exited: Promise<Exit>;
  readonly #child: Child<ToWorker, FromWorker>;
  readonly #graceMs: number;

  constructor(child: Child<ToWorker, FromWorker>, graceMs: number) {
    this.exited = child.exited;
    this.#child = child;
    this.#graceMs = graceMs;
  }

  send(message: ToWorker): void {
    this.#child.send(message);
  }

  kill(): void {
    this.#child.kill();
  }

  keepParentAlive(keep: boolean): void {
    this.#child.keepParentAlive(keep);
  }

  /** Asks the child to stop, then kills it if it has not ended within the grace period. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timer = setTimeout(() => this.kill(), this.#graceMs);
    this.send({ type: 'stop' });
    await this.exited;
    clearTimeout(timer);
  }
}
