import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '../core/device.js';
import { messageOf, PreannotateError, type Failure } from '../core/errors.js';
import type { Ticket } from './batcher.js';
import { WorkerProcess, workerName, type Exit } from './process.js';
import type { Encoded, FromWorker, StageTimes, ToEncode, WorkerSettings } from './protocol.js';

const MAX_FAILED_STARTS = 5; // in a row; then the device, not an image, is at fault
const FIRST_BACKOFF_MS = 500; // doubled with each failed start
const STALLED_MS_PER_IMAGE = 600_000; // without a sign of life: the largest model takes a minute an image on one core, or to open
const WATCH_INTERVAL_MS = 5_000;

/** What a slot tells its pool. */
export interface SlotEvents {
  /** There is room for a chunk: a worker is ready, or has finished one. */
  free(): void;
  /** These tickets were in the hands of a worker that died; each counts one more crash. */
  crashed(tickets: readonly Ticket[], exit: Exit, slot: Slot): void;
  measured(times: StageTimes): void;
  /** Something to tell the user, if another worker has not said it. */
  noticed(message: string): void;
  /** No worker can be had for this device. */
  failed(failure: Failure): void;
}

/** A place for one worker on one device: starts it, watches it, and replaces it when it dies. */
export class Slot implements AsyncDisposable {
  readonly device: Device;
  crashesInARow = 0; // with images in hand, and none finished between
  readonly #settings: WorkerSettings;
  readonly #events: SlotEvents;
  readonly #outstanding = new Map<number, readonly Ticket[]>();
  readonly #knownQueries = new Set<string>();
  #worker: WorkerProcess | undefined;
  #ready = false;
  #retiring = false;
  readonly #closed = new AbortController();
  #failedStarts = 0;
  #nextId = 0;
  #lastSign = 0;
  #encoding: { resolve: (encoded: Encoded | undefined) => void; reject: (error: Error) => void } | undefined;
  readonly #watch: NodeJS.Timeout;

  constructor(device: Device, settings: WorkerSettings, events: SlotEvents) {
    this.device = device;
    this.#settings = settings;
    this.#events = events;
    this.#start();
    let lastLook = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      // After a pause of this whole process (SIGSTOP, a sleeping laptop) nobody had a chance to answer.
      if (now - lastLook > 3 * WATCH_INTERVAL_MS) this.#lastSign = now;
      lastLook = now;
      const starting = this.#ready && this.#encoding === undefined ? 0 : 1;
      const inputs = Math.max(starting, ...[...this.#outstanding.values()].map((tickets) => this.#batchOf(tickets)));
      if (inputs > 0 && now - this.#lastSign > inputs * STALLED_MS_PER_IMAGE) this.#worker?.kill();
    }, WATCH_INTERVAL_MS).unref();
  }

  get ready(): boolean {
    return this.#ready && !this.#retiring;
  }

  /** Chunks in the worker's hands. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** It holds an image that is under suspicion, which must be alone when it crashes again. */
  get isolated(): boolean {
    return [...this.#outstanding.values()].some((tickets) => tickets.some(({ crashes }) => crashes > 0));
  }

  knowsQueries(key: string): boolean {
    return this.#knownQueries.has(key);
  }

  sendQueries(key: string, queries: { embeddings: Float32Array; classIds: readonly number[] }): void {
    this.#knownQueries.add(key);
    this.#worker?.send({ type: 'queries', key, ...queries });
  }

  detect(tickets: readonly Ticket[], queriesKey: string): void {
    const id = this.#nextId++;
    this.#lastSign = performance.now();
    this.#outstanding.set(id, tickets);
    this.#worker?.send({ type: 'detect', id, queriesKey, images: tickets.map(({ image }) => image) });
  }

  /** Encodes texts or examples on this slot's worker; undefined when it dies meanwhile. One call at a time. */
  encode(what: ToEncode): Promise<Encoded | undefined> {
    return new Promise((resolve, reject) => {
      this.#encoding = { resolve, reject };
      this.#lastSign = performance.now();
      this.#worker?.send(what);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    clearInterval(this.#watch);
    await this.#worker?.[Symbol.asyncDispose]();
  }

  #start(): void {
    this.#ready = false;
    this.#retiring = false;
    this.#knownQueries.clear();
    this.#lastSign = performance.now();
    try {
      this.#worker = new WorkerProcess(this.device, this.#settings, (message) => this.#answered(message));
      void this.#worker.exited.then((exit) => this.#ended(exit));
    } catch (error) {
      this.#ended({ how: messageOf(error), said: '' }); // the system has no memory or files left for a process
    }
  }

  #answered(message: FromWorker): void {
    this.#lastSign = performance.now();
    switch (message.type) {
      case 'alive':
        return;
      case 'notice':
        this.#events.noticed(message.message);
        return;
      case 'ready':
        this.#failedStarts = 0;
        this.#ready = true;
        this.#events.free();
        return;
      case 'failed':
        this.#encoding?.reject(new PreannotateError(message.failure));
        this.#events.failed(message.failure);
        return;
      case 'encoded':
        this.#encoding?.resolve(message);
        this.#encoding = undefined;
        return;
      case 'detected':
        this.#detected(message);
    }
  }

  #detected({ id, outcomes, times, retire }: Extract<FromWorker, { type: 'detected' }>): void {
    const tickets = this.#outstanding.get(id) ?? [];
    this.#outstanding.delete(id);
    this.crashesInARow = 0;
    tickets.forEach((ticket, i) => ticket.resolve(outcomes[i]!));
    this.#events.measured(times);
    this.#retiring ||= retire;
    if (this.#retiring && this.#outstanding.size === 0) this.#worker?.kill();
    else this.#events.free();
  }

  /** Inputs that may go through the model before the worker gives a sign of life: one image may have tiles for many batches. */
  #batchOf(tickets: readonly Ticket[]): number {
    return this.#settings.tiles === undefined ? tickets.length : this.#settings.maxBatchSize;
  }

  /** The worker is gone: by itself, killed, or retired. */
  #ended(exit: Exit): void {
    if (this.#closed.signal.aborted) return;
    const wasReady = this.#ready;
    const lost = [...this.#outstanding.values()].flat();
    this.#outstanding.clear();
    this.#encoding?.resolve(undefined);
    this.#encoding = undefined;
    if (!wasReady) this.#failedStarts++;
    if (this.#failedStarts >= MAX_FAILED_STARTS) {
      this.#ready = false;
      this.#events.failed(failedToStart(this.device, exit));
      return;
    }
    void this.#restart();
    if (lost.length > 0) {
      this.crashesInARow++;
      this.#events.crashed(lost, exit, this);
    }
  }

  async #restart(): Promise<void> {
    this.#ready = false;
    const { signal } = this.#closed;
    try {
      if (this.#failedStarts > 0) await sleep(FIRST_BACKOFF_MS * 2 ** (this.#failedStarts - 1), undefined, { signal });
    } catch {
      return; // the pool is closed
    }
    this.#start();
  }
}

function failedToStart(device: Device, { how, said }: Exit): Failure {
  return {
    code: 'WORKERS_FAILING',
    message:
      `The ${workerName(device)} died ${MAX_FAILED_STARTS} times in a row before it was ready (${how}). ${said}`.trim(),
    hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
  };
}
