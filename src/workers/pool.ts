import { performance } from 'node:perf_hooks';
import { deviceName } from '../core/device.js';
import { Condition } from '../core/condition.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { ChunkQueue, type PendingDetection } from './chunk-queue.js';
import type { Engine, EngineStatus, PoolOptions, PrepareOptions } from './engine.js';
import { encodingCrashedError, crashedImageFailure, repeatedCrashesError, STOPPED } from './worker-errors.js';
import { OntologyQueries } from './ontology-queries.js';
import type { Exit } from './child-process.js';
import { workerName } from './worker-process.js';
import type { Encoded, StageTimes, ToEncode } from './protocol.js';
import { PromptEncoder, type PreparedQueries } from './queries.js';
import { WorkerSupervisor } from './supervisor.js';

/** An image that a worker died with twice is given up; the first time, others of its chunk may have been to blame. */
const MAX_CRASHES = 2;

/** Crashes of one worker with images in hand and none finished between: by then it is the machine, not the images of a run. */
const MAX_CRASHES_IN_A_ROW = 10;

/** Worker processes on one or more devices. */
export class Pool implements Engine {
  readonly capacity: number;
  readonly placement: Pick<PoolOptions, 'devices' | 'workersPerDevice' | 'maxBatchSize'>;
  /** Sums over all workers. */
  readonly times: Record<keyof StageTimes, number> = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  readonly #supervisors: WorkerSupervisor[];
  readonly #chunksAhead: number;
  readonly #queue: ChunkQueue;
  readonly #queries: OntologyQueries;
  readonly #options: PoolOptions;
  readonly #reported = new Set<string>();
  /** Calls that are not answered. */
  readonly #open = new Map<PendingDetection, PreparedQueries>();
  #failure: PreannotateError | undefined;
  readonly #changed = new Condition(); // a worker is ready, or none can be had
  #dispatchDue = false;
  #window: NodeJS.Timeout | undefined;

  constructor(options: PoolOptions) {
    const { batchingTimeoutSec } = options;
    this.#options = options;
    this.placement = options;
    // A batch of one needs more chunks ahead, because an image takes a few turns of the event loop to be read and decoded.
    this.#chunksAhead = options.maxBatchSize === 1 ? 4 : 2;
    this.#queue = new ChunkQueue(
      options.maxBatchSize,
      batchingTimeoutSec === undefined ? undefined : batchingTimeoutSec * 1000,
    );
    const encoder = new PromptEncoder(options.prompts, (what) => this.#encode(what));
    const events = {
      free: () => this.#freed(),
      imagesLost: (tickets: readonly PendingDetection[], exit: Exit, supervisor: WorkerSupervisor) =>
        this.#crashed(tickets, exit, supervisor),
      measured: (times: StageTimes, images: number, supervisor: WorkerSupervisor) =>
        this.#measured(times, images, supervisor),
      noticed: (message: string) => this.#noticed(message),
      died: (exit: Exit, supervisor: WorkerSupervisor) =>
        options.onWarning(`A ${workerName(supervisor.device)} died (${exit.how}) and is replaced.`),
      failed: (failure: Failure, supervisor: WorkerSupervisor) => this.#supervisorFailed(failure, supervisor),
    };
    const settings = { ...options.settings, maxBatchSize: options.maxBatchSize };
    const { stallTimeoutSec } = options;
    this.#supervisors = options.devices.flatMap((device) =>
      Array.from(
        { length: options.workersPerDevice },
        () => new WorkerSupervisor(device, { settings, stallTimeoutSec }, events),
      ),
    );
    this.#queries = new OntologyQueries(encoder, this.#supervisors.length);
    this.capacity = this.#supervisors.length * this.#chunksAhead * options.maxBatchSize;
  }

  async ready(): Promise<void> {
    await this.#readySupervisor();
  }

  async allReady(): Promise<void> {
    while (!this.#supervisors.every(({ loadMs }) => loadMs > 0)) {
      if (this.#failure !== undefined) throw this.#failure;
      await this.#changed.wait();
    }
    await this.ready();
  }

  async prepare(ontology: Ontology, options: PrepareOptions = {}): Promise<void> {
    await this.#queries.of(ontology, options);
  }

  async detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome> {
    const queries = await this.#queries.of(ontology, { signal });
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      const abort = () => {
        const [waited] = this.#queue.remove((waiting) => waiting === ticket);
        if (waited === undefined) for (const supervisor of this.#supervisors) supervisor.cancel(ticket);
        this.#open.delete(ticket);
        reject(signal.reason as Error);
      };
      const settled = () => {
        this.#open.delete(ticket);
        signal.removeEventListener('abort', abort);
      };
      const ticket: PendingDetection = {
        image,
        queriesKey: queries.key,
        since: performance.now(),
        crashes: 0,
        isCancelled: () => signal.aborted,
        resolve: (outcome) => {
          settled();
          resolve(outcome);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#open.set(ticket, queries);
      this.#queue.add(ticket);
      this.#dispatchSoon();
    });
  }

  expect(): Disposable {
    let isComing = true;
    this.#queue.coming++;
    return {
      [Symbol.dispose]: () => {
        if (!isComing) return;
        isComing = false;
        this.#queue.coming--;
        this.#dispatchSoon();
      },
    };
  }

  status(): EngineStatus {
    return {
      waiting: this.#queue.size,
      workers: this.#supervisors.map(({ device, ready, images, restarts, loadMs }) => {
        return { device: deviceName(device), ready, images, restarts, loadMs };
      }),
    };
  }

  /** Calls that are not answered by then are rejected. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#window);
    this.#window = undefined;
    this.#failure ??= new PreannotateError(STOPPED);
    this.#changed.notify();
    for (const ticket of this.#open.keys()) ticket.reject(this.#failure);
    this.#queue.remove(() => true);
    await Promise.all(this.#supervisors.map((supervisor) => supervisor[Symbol.asyncDispose]()));
  }

  /** Encodes on whichever worker is ready first, and once more on another one when that dies. */
  async #encode(what: ToEncode): Promise<Encoded> {
    for (let attempt = 0; attempt < MAX_CRASHES; attempt++) {
      const supervisor = await this.#readySupervisor(); // the one with the fewest texts to encode
      const encoded = await supervisor.encode(what);
      if (encoded !== undefined) return encoded;
    }
    throw encodingCrashedError(MAX_CRASHES, what.type === 'encode' ? 'prompts' : 'examples');
  }

  async #readySupervisor(): Promise<WorkerSupervisor> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const [supervisor] = this.#supervisors.filter(({ ready }) => ready).sort((a, b) => a.encodings - b.encodings);
      if (supervisor !== undefined) return supervisor;
      await this.#changed.wait();
    }
  }

  #freed(): void {
    this.#changed.notify();
    this.#dispatchSoon();
  }

  /** Once for all calls of this turn, so that images asked for together travel together. */
  #dispatchSoon(): void {
    if (this.#dispatchDue) return;
    this.#dispatchDue = true;
    setImmediate(() => {
      this.#dispatchDue = false;
      this.#dispatch();
    });
  }

  /** Deals chunks out in turns, emptiest hands first. */
  #dispatch(): void {
    for (let depth = 0; depth < this.#chunksAhead; depth++) {
      for (const supervisor of this.#supervisors) {
        if (!supervisor.ready || supervisor.isolated || supervisor.outstanding !== depth) continue;
        const tickets = this.#queue.next(supervisor.outstanding);
        if (tickets === undefined) continue;
        this.#send(tickets, supervisor);
      }
    }
    this.#awaitWindow();
  }

  #send(tickets: readonly PendingDetection[], supervisor: WorkerSupervisor): void {
    for (const ticket of tickets) {
      const queries = this.#open.get(ticket)!;
      if (!supervisor.knowsQueries(ticket.queriesKey)) supervisor.sendQueries(ticket.queriesKey, queries);
    }
    supervisor.detect(tickets);
  }

  /** What still waits may leave when its window is over. Where that has passed, a worker's next answer comes here again. */
  #awaitWindow(): void {
    clearTimeout(this.#window);
    const { due } = this.#queue;
    const wait = due === undefined ? 0 : due - performance.now();
    this.#window = wait > 0 ? setTimeout(() => this.#dispatch(), Math.ceil(wait)) : undefined;
  }

  #measured(times: StageTimes, images: number, { device }: WorkerSupervisor): void {
    for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.times[stage] += times[stage];
    this.#options.onChunk?.({ device: deviceName(device), images, times });
  }

  /** Workers find the same out one after another. */
  #noticed(message: string): void {
    if (this.#reported.has(message)) return;
    this.#reported.add(message);
    this.#options.onWarning(message);
  }

  #crashed(tickets: readonly PendingDetection[], exit: Exit, { device, crashesInARow }: WorkerSupervisor): void {
    this.#options.onWarning(
      `A ${workerName(device)} died (${exit.how}); ${tickets.length} of its images are tried again one by one.`,
    );
    for (const ticket of tickets) {
      ticket.crashes++;
      if (ticket.isCancelled()) continue;
      if (ticket.crashes < MAX_CRASHES) this.#queue.add(ticket);
      else ticket.resolve({ ok: false, name: ticket.image.name, failure: crashedImageFailure(ticket.image, exit) });
    }
    if (crashesInARow >= (this.#options.maxCrashesInARow ?? MAX_CRASHES_IN_A_ROW)) {
      this.#fail(repeatedCrashesError(crashesInARow, device, exit));
    }
    this.#dispatchSoon();
  }

  /** One device that is lost while others work is no reason to stop; one that cannot be had to begin with is. */
  #supervisorFailed(failure: Failure, supervisor: WorkerSupervisor): void {
    const othersWork = this.#supervisors.some((other) => other !== supervisor && !other.hasGivenUp);
    if (supervisor.loadMs === 0 || !othersWork) this.#fail(new PreannotateError(failure));
    else this.#options.onWarning(`It goes on without one ${workerName(supervisor.device)}: ${failure.message}`);
  }

  #fail(failure: PreannotateError): void {
    if (this.#failure === undefined) this.#options.onFailure?.(failure);
    this.#failure ??= failure;
    this.#changed.notify();
    for (const ticket of this.#queue.remove(() => true)) ticket.reject(failure);
  }
}
