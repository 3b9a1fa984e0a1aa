import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '../core/device.js';
import { messageOf, PreannotateError, type Failure } from '../core/errors.js';
import { LruMap } from '../core/lru.js';
import type { PendingDetection } from './chunk-queue.js';
import { PendingEncodings } from './pending-encodings.js';
import { failedStartsFailure } from './worker-errors.js';
import type { Exit } from './child-process.js';
import type { Encoded, FromWorker, StageTimes, ToEncode, WorkerSettings } from './protocol.js';
import { RestartPolicy } from './restart-policy.js';
import { Watchdog } from './watchdog.js';
import { WorkerProcess } from './worker-process.js';

const QUERY_BANKS = 64; // that a worker keeps; one of 200 prompts takes 0.4 MB
const STALL_TIMEOUT_MS = 600_000; // for an image without a sign of life: the largest model takes a minute on one core, or to open

/** Images that a worker was given together, and when. */
interface Chunk {
  readonly tickets: readonly PendingDetection[];
  readonly sent: number;
}

/** What a supervisor tells its pool. */
export interface SupervisorEvents {
  /** There is room for a chunk: a worker is ready, or has finished one. */
  free(): void;
  /** These tickets were in the hands of a worker that died; each counts one more crash. */
  imagesLost(tickets: readonly PendingDetection[], exit: Exit, supervisor: WorkerSupervisor): void;
  /** It died with no image in hand. */
  died(exit: Exit, supervisor: WorkerSupervisor): void;
  measured(times: StageTimes, images: number, supervisor: WorkerSupervisor): void;
  /** Something to tell the user, if another worker has not said it. */
  noticed(message: string): void;
  /** No worker can be had for this device. */
  failed(failure: Failure, supervisor: WorkerSupervisor): void;
}

/** A place for one worker on one device: starts it, watches it, and replaces it when it dies. */
export class WorkerSupervisor implements AsyncDisposable {
  readonly device: Device;
  restarts = 0;
  hasGivenUp = false; // no worker is here any more, nor will be
  loadMs = 0; // that the last worker took to open the model
  readonly #settings: WorkerSettings;
  readonly #stallTimeoutMs: number | undefined; // with images
  readonly #events: SupervisorEvents;
  readonly #outstanding = new Map<number, Chunk>();
  readonly #knownQueries: LruMap<string, true>;
  readonly #encodings = new PendingEncodings();
  #worker: WorkerProcess | undefined;
  #ready = false;
  #retiring = false;
  readonly #closed = new AbortController();
  readonly #restartPolicy = new RestartPolicy();
  #nextId = 0;
  #started = 0;
  readonly #watchdog = new Watchdog({ timeoutMs: () => this.#timeoutMs(), onStall: () => this.#worker?.kill() });

  constructor(
    device: Device,
    { settings, stallTimeoutSec }: { settings: WorkerSettings; stallTimeoutSec: number | undefined },
    events: SupervisorEvents,
  ) {
    this.device = device;
    this.#settings = settings;
    this.#stallTimeoutMs = stallTimeoutSec === undefined ? undefined : stallTimeoutSec * 1000;
    this.#events = events;
    this.#knownQueries = new LruMap(Math.max(QUERY_BANKS, settings.maxBatchSize)); // one chunk may need as many
    this.#start();
  }

  /** Workers that died with images in hand, and finished none between. */
  get crashesInARow(): number {
    return this.#restartPolicy.crashes;
  }

  get ready(): boolean {
    return this.#ready && !this.#retiring;
  }

  /** Chunks in the worker's hands. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Images in the worker's hands. */
  get images(): number {
    return this.#tickets().length;
  }

  /** Texts that it was asked to encode and has not. */
  get encodings(): number {
    return this.#encodings.size;
  }

  /** It holds an image that is under suspicion, which must be alone when it crashes again. */
  get isolated(): boolean {
    return this.#tickets().some(({ crashes }) => crashes > 0);
  }

  knowsQueries(key: string): boolean {
    return this.#knownQueries.get(key) === true;
  }

  sendQueries(key: string, queries: { embeddings: Float32Array; classIds: readonly number[] }): void {
    const forgotten = this.#knownQueries.set(key, true);
    if (forgotten !== undefined) this.#worker?.send({ type: 'forget', key: forgotten });
    this.#worker?.send({ type: 'queries', key, ...queries });
  }

  detect(tickets: readonly PendingDetection[]): void {
    const id = this.#nextId++;
    this.#watchdog.heartbeat();
    this.#outstanding.set(id, { tickets, sent: performance.now() });
    const images = tickets.map(({ image: source, queriesKey }) => ({ source, queriesKey }));
    this.#worker?.send({ type: 'detect', id, images });
  }

  /** Nobody waits for this image any more: if it is in the worker's hands and has not begun to be computed, it never is. */
  cancel(ticket: PendingDetection): void {
    for (const [id, { tickets }] of this.#outstanding) {
      const index = tickets.indexOf(ticket);
      if (index >= 0) this.#worker?.send({ type: 'cancel', id, index });
    }
  }

  /** Encodes on this supervisor's worker; undefined when it dies meanwhile. @throws PreannotateError when it cannot */
  encode(what: ToEncode): Promise<Encoded | undefined> {
    this.#watchdog.heartbeat();
    return this.#encodings.ask((id) => this.#worker?.send({ ...what, id }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#watchdog[Symbol.dispose]();
    await this.#worker?.[Symbol.asyncDispose]();
    this.#encodings.lost();
  }

  #tickets(): PendingDetection[] {
    return [...this.#outstanding.values()].flatMap(({ tickets }) => tickets);
  }

  #start(): void {
    this.#ready = false;
    this.#retiring = false;
    this.#knownQueries.clear();
    this.#started = performance.now();
    this.#watchdog.heartbeat();
    try {
      this.#worker = new WorkerProcess(this.device, this.#settings, (message) => this.#answered(message));
      void this.#worker.exited.then((exit) => this.#ended(exit));
    } catch (error) {
      this.#ended({ how: messageOf(error), stderr: '' }); // the system has no memory or files left for a process
    }
  }

  #answered(message: FromWorker): void {
    this.#watchdog.heartbeat();
    switch (message.type) {
      case 'heartbeat':
        return;
      case 'notice':
        this.#events.noticed(message.message);
        return;
      case 'ready':
        this.#restartPolicy.recordOpen();
        this.#ready = true;
        this.loadMs = performance.now() - this.#started;
        this.#events.free();
        return;
      case 'failed':
        this.#cannotOpen(message.failure);
        return;
      case 'encoded':
        this.#restartPolicy.recordProgress();
        this.#encodings.answered(message.id, message);
        return;
      case 'encode-failed':
        this.#encodings.failed(message.id, new PreannotateError(message.failure));
        return;
      case 'detected':
        this.#detected(message);
    }
  }

  /** The first time it never will; later, memory that the worker before held may not be free yet. */
  #cannotOpen(failure: Failure): void {
    if (this.loadMs === 0) this.#giveUp(failure);
    else this.#worker?.kill(); // which counts as a failed start
  }

  #giveUp(failure: Failure): void {
    this.hasGivenUp = true;
    this.#events.failed(failure, this);
  }

  #detected({ id, outcomes, times, retire }: Extract<FromWorker, { type: 'detected' }>): void {
    const chunk = this.#outstanding.get(id);
    if (chunk === undefined) return; // given back already, when the worker was seen to be dead
    const { tickets, sent } = chunk;
    this.#outstanding.delete(id);
    this.#restartPolicy.recordProgress();
    const decode = times.read + times.decode + times.resize;
    tickets.forEach((ticket, i) => {
      const timing = { queue: sent - ticket.since, decode, infer: times.infer };
      ticket.resolve({ ...outcomes[i]!, timing });
    });
    const images = outcomes.filter((outcome) => outcome.ok || outcome.failure.code !== 'STOPPED').length;
    if (images > 0) this.#events.measured(times, images, this);
    this.#retiring ||= retire;
    if (this.#retiring && this.#outstanding.size === 0) this.#worker?.kill();
    else this.#events.free();
  }

  /** Milliseconds to the next sign of life; a model to open or texts to encode take no longer than an image. */
  #timeoutMs(): number {
    if (!this.#ready || this.#encodings.size > 0) return STALL_TIMEOUT_MS;
    if (this.#outstanding.size === 0) return Infinity;
    const inputs = Math.max(...[...this.#outstanding.values()].map(({ tickets }) => this.#batchOf(tickets)));
    return this.#stallTimeoutMs ?? inputs * STALL_TIMEOUT_MS;
  }

  /** Inputs that may go through the model before the worker gives a sign of life: one image may have tiles for many batches. */
  #batchOf(tickets: readonly PendingDetection[]): number {
    return this.#settings.tiles === undefined ? tickets.length : this.#settings.maxBatchSize;
  }

  /** The worker is gone: by itself, killed, or retired. */
  #ended(exit: Exit): void {
    if (this.#closed.signal.aborted) return;
    const { ready: wasReady } = this;
    const wasOpen = this.#ready;
    const lost = this.#tickets();
    this.#outstanding.clear();
    this.#encodings.lost();
    if (!wasOpen) this.#restartPolicy.recordFailedStart();
    if (this.#restartPolicy.shouldGiveUp) {
      this.#giveUp(failedStartsFailure(this.#restartPolicy.failedStarts, this.device, exit));
      return;
    }
    const wasIdle = wasReady && lost.length === 0;
    if (lost.length > 0) this.#restartPolicy.recordCrash();
    if (wasIdle) this.#restartPolicy.recordIdleDeath();
    void this.#restart();
    if (lost.length > 0) this.#events.imagesLost(lost, exit, this);
    if (wasIdle) this.#events.died(exit, this);
  }

  async #restart(): Promise<void> {
    this.#ready = false;
    this.restarts++;
    const { signal } = this.#closed;
    const { pauseMs } = this.#restartPolicy;
    const isClosed = pauseMs > 0 && (await sleep(pauseMs, false, { signal }).catch(() => true));
    if (!isClosed) this.#start();
  }
}
