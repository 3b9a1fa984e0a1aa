import { Condition } from '../core/condition.js';
import { formatDevice } from '../core/device.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import { NO_TIMES, type ImageOutcome, type ImageSource, type StageTimes } from '../core/image.js';
import { addCounts, NO_FEATURES, type FeatureCounts } from '../core/inference/feature-counts.js';
import type { Ontology } from '../core/ontology.js';
import type { ChosenExample } from '../core/seen-example.js';
import { ChunkGrowth } from './chunks/chunk-growth.js';
import { Dispatcher } from './chunks/dispatcher.js';
import type { Placement } from './devices/placement.js';
import type { Engine, EngineEvents, EngineStatus, FinishedChunk, PrepareOptions } from './engine.js';
import { PendingDetection } from './pending-detection.js';
import type { Encoded, ToEncode, WorkerSettings } from './protocol.js';
import { OntologyQueries } from './queries/ontology-queries.js';
import type { QuerySource } from './queries/prepared-queries.js';
import { QueryEncoder } from './queries/query-encoder.js';
import { WorkerSupervisor } from './supervisor.js';
import type { SupervisorEvents } from './supervisor-events.js';
import { DeathRecord, type WorkerDeath } from './worker-death.js';
import {
  crashedImageOutcome,
  encodingCrashedError,
  repeatedCrashesError,
  STOPPED,
  workerName,
} from './worker-errors.js';
import type { WorkerTransport } from './worker-transport.js';

/** Crashes of one worker with images in flight and none finished between: by then it is the machine, not the images. */
const MAX_CRASHES_IN_A_ROW = 10;

export interface PoolOptions extends EngineEvents {
  readonly placement: Placement;
  readonly settings: Omit<WorkerSettings, 'maxBatchSize' | 'threads'>;
  readonly queries: QuerySource;
  readonly transport: WorkerTransport;
  readonly batchingTimeoutSec?: number; // how long a chunk may wait to fill up; default: until a worker has no work
  readonly maxCrashesInARow?: number; // of one worker with images in flight, none finished between
  readonly stallTimeoutSec?: number; // of a worker that has images; default: ten minutes an image
}

/** An engine of workers on one or more devices. */
export class Pool implements Engine {
  readonly capacity: number;
  readonly placement: Placement;
  readonly times: Record<keyof StageTimes, number> = { ...NO_TIMES };
  readonly #supervisors: WorkerSupervisor[];
  readonly #dispatcher: Dispatcher;
  readonly #growth: ChunkGrowth | undefined; // of chunks whose images have stored features
  readonly #queries: OntologyQueries;
  readonly #options: PoolOptions;
  readonly #noticed = new Set<string>();
  readonly #pending = new Set<PendingDetection>();
  #failure: PreannotateError | undefined;
  #features: FeatureCounts | undefined;
  #cannotStore = false;
  #kills = 0; // of workers, by other processes
  readonly #changed = new Condition(); // a worker is ready, or none can be had

  constructor(options: PoolOptions) {
    const { placement, batchingTimeoutSec } = options;
    const { maxBatchSize } = placement;
    this.#options = options;
    this.placement = placement;
    this.#supervisors = this.#startWorkers();
    const window = batchingTimeoutSec === undefined ? {} : { windowMs: batchingTimeoutSec * 1000 };
    this.#dispatcher = new Dispatcher(this.#supervisors, { chunkSize: maxBatchSize, ...window });
    const encoder = new QueryEncoder(options.queries, (what) => this.#encode(what));
    this.#queries = new OntologyQueries(encoder, this.#supervisors.length);
    // With a window, images would wait for a larger chunk to fill up.
    const mayGrow = options.settings.features !== undefined && batchingTimeoutSec === undefined;
    const workers = this.#supervisors.length;
    if (mayGrow) this.#growth = new ChunkGrowth({ least: maxBatchSize, workers });
    this.capacity = Math.max(workers * this.#dispatcher.chunksAhead * maxBatchSize, this.#growth?.capacity ?? 0);
  }

  async ready(): Promise<void> {
    await this.#readySupervisor();
  }

  async allReady(): Promise<void> {
    while (!this.#supervisors.every(({ hasOpened }) => hasOpened)) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#changed.wait();
    }
    await this.ready();
  }

  async prepare(ontology: Ontology, options: PrepareOptions = {}): Promise<readonly ChosenExample[]> {
    return (await this.#queries.of(ontology, options)).examples;
  }

  async detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome> {
    const queries = await this.#queries.of(ontology, { signal });
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const pending = new PendingDetection(image, queries, signal);
    this.#pending.add(pending);
    this.#dispatcher.add(pending);
    try {
      return await pending.answer;
    } finally {
      this.#pending.delete(pending);
      if (pending.isCancelled) this.#cancel(pending);
    }
  }

  expect(): Disposable {
    return this.#dispatcher.expect();
  }

  status(): EngineStatus {
    return {
      ...(this.#features === undefined ? {} : { features: { ...this.#features } }),
      ...(this.#cannotStore ? { cannotStore: true } : {}),
      waiting: this.#dispatcher.size,
      workers: this.#supervisors.map(({ device, isReady, imagesInFlight, restarts, loadMs }) => {
        return { device: formatDevice(device), ready: isReady, images: imagesInFlight, restarts, loadMs };
      }),
    };
  }

  /** Calls that are not answered by then are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#dispatcher[Symbol.dispose]();
    this.#failure ??= new PreannotateError(STOPPED);
    this.#changed.notify();
    for (const pending of this.#pending) pending.reject(this.#failure);
    this.#dispatcher.clear();
    await Promise.all(this.#supervisors.map((supervisor) => supervisor[Symbol.asyncDispose]()));
  }

  #startWorkers(): WorkerSupervisor[] {
    const { placement, settings, transport, stallTimeoutSec, onWarning } = this.#options;
    const { devices, workersPerDevice, threads, maxBatchSize } = placement;
    const options = { settings: { ...settings, threads, maxBatchSize }, transport, stallTimeoutSec };
    const events: SupervisorEvents<WorkerSupervisor> = {
      available: () => {
        this.#changed.notify();
        this.#dispatcher.dispatchSoon();
      },
      imagesLost: (images, death, supervisor) => this.#retry(images, death, supervisor),
      diedIdle: (death, { device }) => {
        this.#countKill(death);
        onWarning(`A ${workerName(device)} died (${death.how}) and is replaced.`);
      },
      finished: (chunk, { device }) => this.#record({ ...chunk, device: formatDevice(device) }),
      encodes: () => this.#sizeChunks((growth) => growth.reset()),
      noticed: (message, endsStoring) => this.#notice(message, endsStoring),
      hasAnyOpened: () => this.#supervisors.some(({ hasOpened }) => hasOpened),
      gaveUp: (failure, supervisor) => this.#loseWorker(failure, supervisor),
    };
    return devices.flatMap((device) =>
      Array.from({ length: workersPerDevice }, () => new WorkerSupervisor(device, options, events)),
    );
  }

  /** Encodes on the first worker that is ready, and on another one when that dies. */
  async #encode(what: ToEncode): Promise<Encoded> {
    const deaths = new DeathRecord();
    while (!deaths.isConclusive) {
      const supervisor = await this.#readySupervisor();
      const outcome = await supervisor.encode(what);
      if ('embeddings' in outcome) return outcome;
      this.#countKill(outcome);
      deaths.add(outcome, this.#kills);
    }
    throw encodingCrashedError(deaths.count, what.type === 'encode' ? 'prompts' : 'examples');
  }

  /** The one with the fewest texts to encode, as soon as there is one. */
  async #readySupervisor(): Promise<WorkerSupervisor> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const ready = this.#supervisors.filter(({ isReady }) => isReady);
      const [supervisor] = ready.sort((a, b) => a.encodingsInFlight - b.encodingsInFlight);
      if (supervisor !== undefined) return supervisor;
      await this.#changed.wait();
    }
  }

  #cancel(pending: PendingDetection): void {
    if (!this.#dispatcher.remove(pending)) for (const supervisor of this.#supervisors) supervisor.cancel(pending);
  }

  #record(chunk: FinishedChunk): void {
    for (const stage of Object.keys(this.times) as (keyof StageTimes)[]) this.times[stage] += chunk.times[stage];
    if (chunk.features !== undefined) {
      this.#features = addCounts(this.#features ?? NO_FEATURES, chunk.features);
      const isCheap = chunk.features.encoded === 0 && chunk.features.read > 0;
      this.#sizeChunks((growth) => (isCheap ? growth.grow() : growth.reset()));
    }
    this.#options.onChunk?.(chunk);
  }

  #sizeChunks(sizeBy: (growth: ChunkGrowth) => number): void {
    if (this.#growth !== undefined) this.#dispatcher.chunkSize = sizeBy(this.#growth);
  }

  /** Workers find out the same one after another. */
  #notice(message: string, endsStoring: boolean): void {
    this.#cannotStore ||= endsStoring;
    if (this.#noticed.has(message)) return;
    this.#noticed.add(message);
    this.#options.onWarning(message);
  }

  #retry(images: readonly PendingDetection[], death: WorkerDeath, { device, crashesInARow }: WorkerSupervisor): void {
    this.#options.onWarning(
      `A ${workerName(device)} died (${death.how}); ${images.length} of its images are tried again one by one.`,
    );
    this.#countKill(death);
    for (const pending of images) {
      pending.deaths.add(death, this.#kills);
      if (pending.isCancelled) continue;
      if (pending.deaths.isConclusive) pending.resolve(crashedImageOutcome(pending.image, pending.deaths.count, death));
      else this.#dispatcher.add(pending);
    }
    if (crashesInARow >= (this.#options.maxCrashesInARow ?? MAX_CRASHES_IN_A_ROW)) {
      this.#fail(repeatedCrashesError(crashesInARow, device, death));
    }
    this.#dispatcher.dispatchSoon();
  }

  #countKill({ wasKilled }: WorkerDeath): void {
    if (wasKilled) this.#kills++;
  }

  /** One device that is lost while others work does not stop the engine; one that is missing from the start does. */
  #loseWorker(failure: Failure, lost: WorkerSupervisor): void {
    const othersWork = this.#supervisors.some((other) => other !== lost && !other.hasGivenUp);
    if (!lost.hasOpened || !othersWork) this.#fail(new PreannotateError(failure));
    else this.#options.onWarning(`Work continues without one ${workerName(lost.device)}: ${failure.message}`);
  }

  #fail(failure: PreannotateError): void {
    if (this.#failure === undefined) this.#options.onFailure?.(failure);
    this.#failure ??= failure;
    this.#changed.notify();
    for (const pending of this.#dispatcher.clear()) pending.reject(failure);
  }
}
