import { performance } from 'node:perf_hooks';
import { deviceName } from '../core/device.js';
import { Condition } from '../core/condition.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { Batcher, type Ticket } from './chunk-queue.js';
import type { Engine, EngineStatus, PoolOptions, PrepareOptions } from './engine.js';
import { encodersDied, killerOf, machineAtFault, STOPPED } from './worker-errors.js';
import { OntologyQueries } from './ontology-queries.js';
import type { Exit } from './child-process.js';
import { workerName } from './worker-process.js';
import type { Encoded, StageTimes, ToEncode } from './protocol.js';
import { PromptEncoder, type PreparedQueries } from './queries.js';
import { Slot } from './supervisor.js';

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
  readonly #slots: Slot[];
  readonly #chunksAhead: number;
  readonly #batcher: Batcher;
  readonly #queries: OntologyQueries;
  readonly #options: PoolOptions;
  readonly #told = new Set<string>();
  /** Calls that are not answered. */
  readonly #open = new Map<Ticket, PreparedQueries>();
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
    this.#batcher = new Batcher(
      options.maxBatchSize,
      batchingTimeoutSec === undefined ? undefined : batchingTimeoutSec * 1000,
    );
    const encoder = new PromptEncoder(options.prompts, (what) => this.#encode(what));
    const events = {
      free: () => this.#freed(),
      crashed: (tickets: readonly Ticket[], exit: Exit, slot: Slot) => this.#crashed(tickets, exit, slot),
      measured: (times: StageTimes, images: number, slot: Slot) => this.#measured(times, images, slot),
      noticed: (message: string) => this.#noticed(message),
      died: (exit: Exit, slot: Slot) =>
        options.onWarning(`A ${workerName(slot.device)} died (${exit.how}) and is replaced.`),
      failed: (failure: Failure, slot: Slot) => this.#slotFailed(failure, slot),
    };
    const settings = { ...options.settings, maxBatchSize: options.maxBatchSize };
    const { patienceSec } = options;
    this.#slots = options.devices.flatMap((device) =>
      Array.from({ length: options.workersPerDevice }, () => new Slot(device, { settings, patienceSec }, events)),
    );
    this.#queries = new OntologyQueries(encoder, this.#slots.length);
    this.capacity = this.#slots.length * this.#chunksAhead * options.maxBatchSize;
  }

  async ready(): Promise<void> {
    await this.#readySlot();
  }

  async allReady(): Promise<void> {
    while (!this.#slots.every(({ loadMs }) => loadMs > 0)) {
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
        const [waited] = this.#batcher.remove((waiting) => waiting === ticket);
        if (waited === undefined) for (const slot of this.#slots) slot.cancel(ticket);
        this.#open.delete(ticket);
        reject(signal.reason as Error);
      };
      const settled = () => {
        this.#open.delete(ticket);
        signal.removeEventListener('abort', abort);
      };
      const ticket: Ticket = {
        image,
        queriesKey: queries.key,
        since: performance.now(),
        crashes: 0,
        isGivenUp: () => signal.aborted,
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
      this.#batcher.add(ticket);
      this.#dispatchSoon();
    });
  }

  expect(): Disposable {
    let isComing = true;
    this.#batcher.coming++;
    return {
      [Symbol.dispose]: () => {
        if (!isComing) return;
        isComing = false;
        this.#batcher.coming--;
        this.#dispatchSoon();
      },
    };
  }

  status(): EngineStatus {
    return {
      waiting: this.#batcher.size,
      workers: this.#slots.map(({ device, ready, images, restarts, loadMs }) => {
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
    this.#batcher.remove(() => true);
    await Promise.all(this.#slots.map((slot) => slot[Symbol.asyncDispose]()));
  }

  /** Encodes on whichever worker is ready first, and once more on another one when that dies. */
  async #encode(what: ToEncode): Promise<Encoded> {
    for (let attempt = 0; attempt < MAX_CRASHES; attempt++) {
      const slot = await this.#readySlot(); // the one with the fewest texts to encode
      const encoded = await slot.encode(what);
      if (encoded !== undefined) return encoded;
    }
    throw encodersDied(MAX_CRASHES, what.type === 'encode' ? 'prompts' : 'examples');
  }

  async #readySlot(): Promise<Slot> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const [slot] = this.#slots.filter(({ ready }) => ready).sort((a, b) => a.encodings - b.encodings);
      if (slot !== undefined) return slot;
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
      for (const slot of this.#slots) {
        if (!slot.ready || slot.isolated || slot.outstanding !== depth) continue;
        const tickets = this.#batcher.next(slot.outstanding);
        if (tickets === undefined) continue;
        this.#send(tickets, slot);
      }
    }
    this.#awaitWindow();
  }

  #send(tickets: readonly Ticket[], slot: Slot): void {
    for (const ticket of tickets) {
      const queries = this.#open.get(ticket)!;
      if (!slot.knowsQueries(ticket.queriesKey)) slot.sendQueries(ticket.queriesKey, queries);
    }
    slot.detect(tickets);
  }

  /** What still waits may leave when its window is over. Where that has passed, a worker's next answer comes here again. */
  #awaitWindow(): void {
    clearTimeout(this.#window);
    const { due } = this.#batcher;
    const wait = due === undefined ? 0 : due - performance.now();
    this.#window = wait > 0 ? setTimeout(() => this.#dispatch(), Math.ceil(wait)) : undefined;
  }

  #measured(times: StageTimes, images: number, { device }: Slot): void {
    for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.times[stage] += times[stage];
    this.#options.onChunk?.({ device: deviceName(device), images, times });
  }

  /** Workers find the same out one after another. */
  #noticed(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#options.onWarning(message);
  }

  #crashed(tickets: readonly Ticket[], exit: Exit, { device, crashesInARow }: Slot): void {
    this.#options.onWarning(
      `A ${workerName(device)} died (${exit.how}); ${tickets.length} of its images are tried again one by one.`,
    );
    for (const ticket of tickets) {
      ticket.crashes++;
      if (ticket.isGivenUp()) continue;
      if (ticket.crashes < MAX_CRASHES) this.#batcher.add(ticket);
      else ticket.resolve({ ok: false, name: ticket.image.name, failure: killerOf(ticket.image, exit) });
    }
    if (crashesInARow >= (this.#options.maxCrashesInARow ?? MAX_CRASHES_IN_A_ROW)) {
      this.#fail(machineAtFault(crashesInARow, device, exit));
    }
    this.#dispatchSoon();
  }

  /** One device that is lost while others work is no reason to stop; one that cannot be had to begin with is. */
  #slotFailed(failure: Failure, slot: Slot): void {
    const othersWork = this.#slots.some((other) => other !== slot && !other.hasGivenUp);
    if (slot.loadMs === 0 || !othersWork) this.#fail(new PreannotateError(failure));
    else this.#options.onWarning(`It goes on without one ${workerName(slot.device)}: ${failure.message}`);
  }

  #fail(failure: PreannotateError): void {
    if (this.#failure === undefined) this.#options.onFailure?.(failure);
    this.#failure ??= failure;
    this.#changed.notify();
    for (const ticket of this.#batcher.remove(() => true)) ticket.reject(failure);
  }
}
