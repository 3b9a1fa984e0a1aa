import type { Device } from '../core/device.js';
import { PreannotateError, type Failure } from '../core/errors.js';
import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { Ontology } from '../core/ontology.js';
import { printable } from '../core/text.js';
import { Batcher, type Ticket } from './batcher.js';
import { workerName, type Exit } from './process.js';
import type { Encoded, StageTimes, ToEncode, WorkerSettings } from './protocol.js';
import { PromptEncoder, type PreparedQueries, type PromptSource } from './queries.js';
import { Slot } from './slot.js';

/** The one call that the batch run and the server meet at. Batching and retries happen behind it. */
export interface Engine extends AsyncDisposable {
  /** Calls in flight that keep every device busy: one batch computing, others being decoded. */
  readonly capacity: number;
  /** Resolves when a worker has opened the model. @throws PreannotateError when none can be had */
  ready(): Promise<void>;
  /** Encodes the prompts and examples of an ontology, unless that was done before. @throws PreannotateError ONTOLOGY_INVALID */
  prepare(ontology: Ontology): Promise<void>;
  /** Never rejects because of the image: that is an answer too. Rejects when no worker can be had, or on `signal`. */
  detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome>;
}

export interface PoolOptions {
  readonly devices: readonly Device[];
  readonly workersPerDevice: number;
  readonly maxBatchSize: number;
  readonly settings: Omit<WorkerSettings, 'maxBatchSize'>;
  readonly prompts: PromptSource;
  readonly onWarning: (message: string) => void;
}

/** An image that a worker died with twice is given up; the first time, others of its chunk may have been to blame. */
const MAX_CRASHES = 2;

/** Crashes of one worker with images in hand and none finished between: by then it is the machine, not the images. */
const MAX_CRASHES_IN_A_ROW = 10;

/** Worker processes on one or more devices. */
export class Pool implements Engine {
  readonly capacity: number;
  /** Sums over all workers. */
  readonly times: Record<keyof StageTimes, number> = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 };
  readonly #slots: Slot[];
  readonly #chunksAhead: number;
  readonly #batcher: Batcher;
  readonly #encoder: PromptEncoder;
  readonly #warn: (message: string) => void;
  readonly #told = new Set<string>();
  readonly #prepared = new WeakMap<Ontology, Promise<PreparedQueries>>();
  readonly #queries = new Map<string, PreparedQueries>();
  #failure: PreannotateError | undefined;
  #waitingForReady: (() => void)[] = [];
  #dispatchDue = false;

  constructor(options: PoolOptions) {
    // A batch of one needs more chunks ahead, because an image takes a few turns of the event loop to be read and decoded.
    this.#chunksAhead = options.maxBatchSize === 1 ? 4 : 2;
    this.#batcher = new Batcher(options.maxBatchSize);
    this.#warn = options.onWarning;
    this.#encoder = new PromptEncoder(options.prompts, (what) => this.#encode(what));
    const events = {
      free: () => this.#freed(),
      crashed: (tickets: readonly Ticket[], exit: Exit, slot: Slot) => this.#crashed(tickets, exit, slot),
      measured: (times: StageTimes) => this.#measured(times),
      noticed: (message: string) => this.#noticed(message),
      failed: (failure: Failure) => this.#fail(new PreannotateError(failure)),
    };
    const settings = { ...options.settings, maxBatchSize: options.maxBatchSize };
    this.#slots = options.devices.flatMap((device) =>
      Array.from({ length: options.workersPerDevice }, () => new Slot(device, settings, events)),
    );
    this.capacity = this.#slots.length * this.#chunksAhead * options.maxBatchSize;
  }

  async ready(): Promise<void> {
    await this.#readySlot();
  }

  async prepare(ontology: Ontology): Promise<void> {
    await this.#queriesOf(ontology);
  }

  async detect(image: ImageSource, ontology: Ontology, signal: AbortSignal): Promise<ImageOutcome> {
    const { key: queriesKey } = await this.#queriesOf(ontology);
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#batcher.remove((waiting) => waiting === ticket);
        reject(signal.reason as Error);
      };
      const settled = () => signal.removeEventListener('abort', abort);
      const ticket: Ticket = {
        image,
        queriesKey,
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
      this.#batcher.add(ticket);
      this.#dispatchSoon();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot[Symbol.asyncDispose]()));
  }

  #queriesOf(ontology: Ontology): Promise<PreparedQueries> {
    let prepared = this.#prepared.get(ontology);
    if (prepared === undefined) {
      prepared = this.#encoder.prepare(ontology).then((queries) => {
        this.#queries.set(queries.key, queries);
        return queries;
      });
      this.#prepared.set(ontology, prepared);
    }
    return prepared;
  }

  /** Encodes on whichever worker is ready first, and once more on another one when that dies. */
  async #encode(what: ToEncode): Promise<Encoded> {
    for (let attempt = 0; attempt < MAX_CRASHES; attempt++) {
      const slot = await this.#readySlot();
      const encoded = await slot.encode(what);
      if (encoded !== undefined) return encoded;
    }
    throw new PreannotateError({
      code: 'WORKERS_FAILING',
      message: `${MAX_CRASHES} workers died while they encoded the ${what.type === 'encode' ? 'prompts' : 'examples'}.`,
      hint: 'Is there enough memory? Try --workers-per-device 1, or another --device.',
    });
  }

  async #readySlot(): Promise<Slot> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const slot = this.#slots.find(({ ready }) => ready);
      if (slot !== undefined) return slot;
      await new Promise<void>((resolve) => this.#waitingForReady.push(resolve));
    }
  }

  #freed(): void {
    this.#wake();
    this.#dispatchSoon();
  }

  #wake(): void {
    const waiting = this.#waitingForReady;
    this.#waitingForReady = [];
    for (const resume of waiting) resume();
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
        const { queriesKey } = tickets[0]!;
        if (!slot.knowsQueries(queriesKey)) slot.sendQueries(queriesKey, this.#queries.get(queriesKey)!);
        slot.detect(tickets, queriesKey);
      }
    }
  }

  #measured(times: StageTimes): void {
    for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.times[stage] += times[stage];
  }

  /** Workers find the same out one after another. */
  #noticed(message: string): void {
    if (this.#told.has(message)) return;
    this.#told.add(message);
    this.#warn(message);
  }

  #crashed(tickets: readonly Ticket[], exit: Exit, { device, crashesInARow }: Slot): void {
    this.#warn(
      `A ${workerName(device)} died (${exit.how}); ${tickets.length} of its images are tried again one by one.`,
    );
    for (const ticket of tickets) {
      ticket.crashes++;
      if (ticket.isGivenUp()) continue;
      if (ticket.crashes < MAX_CRASHES) this.#batcher.add(ticket);
      else ticket.resolve({ ok: false, name: ticket.image.name, failure: killer(ticket.image, exit) });
    }
    if (crashesInARow >= MAX_CRASHES_IN_A_ROW) {
      this.#fail(
        new PreannotateError({
          code: 'WORKERS_FAILING',
          message: `${MAX_CRASHES_IN_A_ROW} times in a row a ${workerName(device)} died with an image (${exit.how}). ${exit.said}`,
          hint: 'That is more than bad images explain. Is there enough memory? Try --workers-per-device 1, or another --device.',
        }),
      );
    }
    this.#dispatchSoon();
  }

  #fail(failure: PreannotateError): void {
    this.#failure ??= failure;
    this.#wake();
    for (const ticket of this.#batcher.remove(() => true)) ticket.reject(failure);
  }
}

function killer(image: ImageSource, { how, said }: Exit): Failure {
  return {
    code: 'WORKER_CRASHED',
    message: `${printable(image.name)}: the worker process died on this image, twice (${how}). ${said}`.trim(),
    hint: 'Save the image again in another format, or leave it out with --exclude.',
  };
}
