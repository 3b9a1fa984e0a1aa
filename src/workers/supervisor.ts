import type { Device } from '../core/device.js';
import { messageOf, PreannotateError, type Failure } from '../core/errors.js';
import { LruMap } from '../core/lru.js';
import type { Exit } from './child-process.js';
import { ChunksInFlight } from './chunks/chunks-in-flight.js';
import type { PendingDetection } from './pending-detection.js';
import { PendingEncodings } from './pending-encodings.js';
import type { Encoded, FromWorker, ToEncode, WorkerSettings } from './protocol.js';
import { RestartPolicy } from './restart-policy.js';
import type { SupervisorEvents } from './supervisor-events.js';
import { Watchdog } from './watchdog.js';
import { describeDeath, type WorkerDeath } from './worker-death.js';
import { failedStartsFailure } from './worker-errors.js';
import type { WorkerHandle, WorkerTransport } from './worker-transport.js';

const QUERY_BANKS = 64; // that a worker keeps; one of 200 prompts takes 0.4 MB

/** Without a heartbeat, for an image: the largest model takes a minute on one core, or to open. */
const STALL_TIMEOUT_MS = 600_000;

export interface SupervisorOptions {
  readonly settings: WorkerSettings;
  readonly transport: WorkerTransport;
  readonly stallTimeoutSec?: number | undefined; // of a worker that has images; default: ten minutes an image
}

/** Starts one worker on one device, gives it work, watches it, and replaces it when it dies. */
export class WorkerSupervisor implements AsyncDisposable {
  readonly device: Device;
  restarts = 0;
  hasOpened = false; // one of its workers has been ready
  hasGivenUp = false; // there is no worker, nor will there be
  loadMs = 0; // that the last worker took to open the model
  readonly #options: SupervisorOptions;
  readonly #events: SupervisorEvents<WorkerSupervisor>;
  readonly #chunks = new ChunksInFlight();
  readonly #encodings = new PendingEncodings();
  readonly #sentQueries: LruMap<string, true>;
  readonly #restartPolicy = new RestartPolicy();
  readonly #watchdog = new Watchdog({ timeoutMs: () => this.#timeoutMs(), onStall: () => this.#worker?.kill() });
  #worker: WorkerHandle | undefined;
  #isOpen = false;
  #isRetiring = false;
  #isDisposed = false;
  #startedAt = 0;
  #restartTimer: NodeJS.Timeout | undefined;

  constructor(device: Device, options: SupervisorOptions, events: SupervisorEvents<WorkerSupervisor>) {
    this.device = device;
    this.#options = options;
    this.#events = events;
    // One chunk may need as many banks as it has images.
    this.#sentQueries = new LruMap(Math.max(QUERY_BANKS, options.settings.maxBatchSize));
    this.#start();
  }

  /** Workers that died with images in flight since one of them last finished something. */
  get crashesInARow(): number {
    return this.#restartPolicy.crashes;
  }

  get isReady(): boolean {
    return this.#isOpen && !this.#isRetiring;
  }

  get chunksInFlight(): number {
    return this.#chunks.size;
  }

  get imagesInFlight(): number {
    return this.#chunks.images.length;
  }

  get encodingsInFlight(): number {
    return this.#encodings.size;
  }

  /** It has an image that is under suspicion, which must be alone when the worker dies. */
  get isIsolating(): boolean {
    return this.#chunks.images.some(({ isSuspect }) => isSuspect);
  }

  /** Sends a chunk, and before it the queries that this worker does not have. */
  detect(chunk: readonly PendingDetection[]): void {
    for (const { queries } of chunk) this.#sendQueries(queries);
    this.#watchdog.heartbeat();
    const id = this.#chunks.add(chunk);
    const images = chunk.map(({ image: source, queries }) => ({ source, queriesKey: queries.key }));
    this.#worker?.send({ type: 'detect', id, images });
  }

  /** An image that the worker has and has not begun to compute is left out. */
  cancel(pending: PendingDetection): void {
    const place = this.#chunks.find(pending);
    if (place !== undefined) this.#worker?.send({ type: 'cancel', ...place });
  }

  /** @returns How the worker died, when it dies meanwhile. @throws PreannotateError when it cannot encode this */
  encode(what: ToEncode): Promise<Encoded | WorkerDeath> {
    this.#watchdog.heartbeat();
    return this.#encodings.request((id) => this.#worker?.send({ ...what, id }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    clearTimeout(this.#restartTimer);
    this.#watchdog[Symbol.dispose]();
    await this.#worker?.[Symbol.asyncDispose]();
    this.#encodings.abandon({ how: 'stopped', stderr: '', wasKilled: true });
  }

  #start(): void {
    this.#isOpen = false;
    this.#isRetiring = false;
    this.#sentQueries.clear();
    this.#startedAt = performance.now();
    this.#watchdog.heartbeat();
    const { transport, settings } = this.#options;
    try {
      this.#worker = transport.start(this.device, settings, (message) => this.#receive(message));
      void this.#worker.exited.then((exit) => this.#handleExit(exit));
    } catch (error) {
      this.#handleExit({ how: messageOf(error), stderr: '' }); // the system has no memory or files left for a process
    }
  }

  #sendQueries({ key, embeddings, classIds }: PendingDetection['queries']): void {
    if (this.#sentQueries.get(key) === true) return;
    const [forgotten] = this.#sentQueries.set(key, true);
    if (forgotten !== undefined) this.#worker?.send({ type: 'forget-queries', key: forgotten });
    this.#worker?.send({ type: 'queries', key, embeddings, classIds });
  }

  #receive(message: FromWorker): void {
    this.#watchdog.heartbeat();
    switch (message.type) {
      case 'heartbeat':
        if (message.encodes === true) this.#events.encodes();
        return;
      case 'notice':
        this.#events.noticed(message.message, message.endsStoring === true);
        return;
      case 'ready':
        this.#handleReady();
        return;
      case 'open-failed':
        this.#handleOpenFailure(message.failure);
        return;
      case 'encoded':
        this.#restartPolicy.recordProgress();
        this.#encodings.resolve(message.id, message);
        return;
      case 'encode-failed':
        this.#encodings.reject(message.id, new PreannotateError(message.failure));
        return;
      case 'detected':
        this.#handleDetected(message);
    }
  }

  #handleReady(): void {
    this.#restartPolicy.recordOpen();
    this.#isOpen = true;
    this.hasOpened = true;
    this.loadMs = performance.now() - this.#startedAt;
    this.#events.available();
  }

  /** The first time this is final; later, memory that the worker before held may not be free yet. */
  #handleOpenFailure(failure: Failure): void {
    if (!this.hasOpened) this.#giveUp(failure);
    else this.#worker?.kill(); // which counts as a failed start
  }

  #giveUp(failure: Failure): void {
    this.hasGivenUp = true;
    this.#events.gaveUp(failure, this);
  }

  #handleDetected(answer: Extract<FromWorker, { type: 'detected' }>): void {
    const { id, outcomes, times, passes, features, retire } = answer;
    const chunk = this.#chunks.take(id);
    if (chunk === undefined) return; // taken back when the worker was seen to be dead
    this.#restartPolicy.recordProgress();
    const decode = times.read + times.decode + times.resize;
    chunk.images.forEach((pending, i) => {
      const timing = { queue: chunk.sentAt - pending.queuedAt, decode, infer: times.infer };
      pending.resolve({ ...outcomes[i]!, timing });
    });
    const images = outcomes.filter((outcome) => outcome.ok || outcome.failure.code !== 'STOPPED').length;
    if (images + passes.length > 0) {
      this.#events.finished({ images, times, passes, ...(features === undefined ? {} : { features }) }, this);
    }
    this.#isRetiring ||= retire;
    if (this.#isRetiring && this.#chunks.size === 0) this.#worker?.kill();
    else this.#events.available();
  }

  /** Milliseconds to the next heartbeat; a model to open or texts to encode take no longer than an image. */
  #timeoutMs(): number {
    const { settings, stallTimeoutSec } = this.#options;
    if (!this.#isOpen || this.#encodings.size > 0) return STALL_TIMEOUT_MS;
    if (this.#chunks.size === 0) return Infinity;
    if (stallTimeoutSec !== undefined) return stallTimeoutSec * 1000;
    // Inputs that may go through the model before the next heartbeat: one image may have tiles for many batches.
    const inputs = settings.tiles === undefined ? this.#chunks.largest : settings.maxBatchSize;
    return inputs * STALL_TIMEOUT_MS;
  }

  /** The worker has ended: by itself, killed, or retired. */
  #handleExit(exit: Exit): void {
    if (this.#isDisposed) return;
    const wasReady = this.isReady;
    const wasOpen = this.#isOpen;
    const lost = this.#chunks.clear();
    const death = describeDeath(exit, this.#watchdog.hasStalled);
    this.#encodings.abandon(death);
    if (!wasOpen) this.#restartPolicy.recordFailedStart(death.wasKilled && this.#events.hasAnyOpened());
    if (this.#restartPolicy.shouldGiveUp) {
      this.#giveUp(failedStartsFailure(this.#restartPolicy.failedStarts, this.device, exit));
      return;
    }
    const wasIdle = wasReady && lost.length === 0;
    if (lost.length > 0) this.#restartPolicy.recordCrash();
    if (wasIdle) this.#restartPolicy.recordIdleDeath();
    this.#restart();
    if (lost.length > 0) this.#events.imagesLost(lost, death, this);
    if (wasIdle) this.#events.diedIdle(death, this);
  }

  #restart(): void {
    this.#isOpen = false;
    this.restarts++;
    const { pauseMs } = this.#restartPolicy;
    if (pauseMs === 0) this.#start();
    else this.#restartTimer = setTimeout(() => this.#start(), pauseMs);
  }
}
