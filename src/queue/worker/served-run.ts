import { setMaxListeners } from 'node:events';
import type { Job, Worker } from 'bullmq';
import { NO_TIMES, type ImageOutcome, type StageTimes } from '../../core/image.js';
import { printable } from '../../core/text.js';
import { keysOf, PREFIX, queueName } from '../keys.js';
import { toSent, type ChunkResult } from '../outcomes.js';
import { Chunk, VANISHED, type WorkerEntry } from '../protocol.js';
import { BLOCK_SEC, optionsUntil, type Connection } from '../redis/connection.js';
import { loadBullmq } from '../redis/library.js';
import { waitAtMost } from '../redis/wait-at-most.js';
import { refuseAddress } from './allowed-addresses.js';
import { refuseFile } from './allowed-files.js';
import { closeRun, type Allowed, type OpenedRun } from './open-run.js';

/**
 * A chunk belongs to a worker for this long after the last sign of life, and abandoned ones are looked for this often:
 * what a worker had that was killed is given to another after 20 s at most.
 */
const LEASE_MS = 15_000;
const CHECK_MS = 5000;

/** Of a chunk, before its images are tried alone; of an image alone, before it fails. */
const VANISHED_CHUNK = 2;
const VANISHED_IMAGE = 2;

/** A Redis that is away does not keep a worker from ending: its chunks are given back when their leases end. */
const GIVE_BACK_MS = 3000;
const DISCONNECT_MS = 1000;

interface ServeOptions {
  readonly id: string; // of the run
  readonly worker: string; // id of this process
  readonly opened: OpenedRun;
  readonly connection: Connection;
  readonly allowed: Allowed;
  readonly warn: (message: string) => void;
}

/** One run that this process works for: takes its chunks and answers with what the engine finds. */
export class ServedRun implements AsyncDisposable {
  images = 0; // answered
  active = 0; // chunks
  readonly key: string;
  readonly #options: ServeOptions;
  readonly #worker: Worker<Chunk, ChunkResult>;
  readonly #stop = new AbortController();
  readonly #ended = new AbortController();
  readonly #errors: { readonly Unrecoverable: new (message: string) => Error; readonly Waiting: new () => Error };
  #reported: StageTimes = NO_TIMES;
  #beat = 0;

  private constructor(options: ServeOptions, { Worker, UnrecoverableError, WaitingError }: Library) {
    const { id, opened, connection } = options;
    const { description, engine } = opened;
    this.#options = options;
    setMaxListeners(0, this.#stop.signal); // every image in flight listens
    this.key = description.key;
    this.#errors = { Unrecoverable: UnrecoverableError, Waiting: WaitingError };
    // One chunk more than the devices need: the next is there when one is answered.
    const concurrency = Math.ceil(engine.capacity / description.chunkImages) + 1;
    this.#worker = new Worker(queueName(id, this.key), (job, token) => this.#process(job, token!), {
      connection: optionsUntil(this.#ended.signal, connection),
      prefix: PREFIX,
      skipVersionCheck: true,
      concurrency,
      lockDuration: LEASE_MS,
      stalledInterval: CHECK_MS,
      maxStalledCount: VANISHED_CHUNK,
      drainDelay: BLOCK_SEC,
      runRetryDelay: 1000,
    });
    this.#worker.on('error', () => {}); // a lease that was lost, or a Redis that is away, which RedisWatch reports
  }

  static async begin(options: ServeOptions): Promise<ServedRun> {
    return new ServedRun(options, await loadBullmq());
  }

  /** What the producer is told every few seconds. */
  toEntry(host: string): WorkerEntry {
    const { engine } = this.#options.opened;
    const { workers } = engine.status();
    return {
      host,
      pid: process.pid,
      state: 'working',
      devices: [...new Set(workers.map(({ device }) => device))],
      processes: workers.length,
      restarts: workers.reduce((sum, { restarts }) => sum + restarts, 0),
      images: this.images,
      beat: ++this.#beat,
    };
  }

  /** Gives back what was taken, and ends the engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The worker leaves the run.'));
    const { id, worker, connection, opened } = this.#options;
    const canGiveBack = connection.redis.status === 'ready';
    const closed = this.#worker.close(!canGiveBack);
    const gone = canGiveBack ? closed.then(() => connection.redis.hdel(keysOf(id).workers, worker)) : closed;
    await waitAtMost(GIVE_BACK_MS, gone);
    this.#ended.abort();
    await waitAtMost(DISCONNECT_MS, this.#worker.disconnect());
    await closeRun(opened);
  }

  async #process(job: Job<Chunk, ChunkResult>, token: string): Promise<ChunkResult> {
    const { data: chunk } = Chunk.safeParse(job.data);
    if (chunk?.key !== this.key) {
      this.#options.warn('A chunk is refused that is not of this run, or has no valid form.');
      throw new this.#errors.Unrecoverable('the chunk is not of this run');
    }
    if (chunk.images.length === 1 && job.stalledCounter >= VANISHED_IMAGE) {
      throw new this.#errors.Unrecoverable(VANISHED);
    }
    this.active++;
    try {
      const outcomes = await Promise.all(chunk.images.map((image) => this.#detect(image)));
      this.images += outcomes.length;
      const times = this.#takeTimes();
      return { key: this.key, worker: this.#options.worker, times, outcomes: outcomes.map(toSent) };
    } catch {
      // This process stops, or its devices fail: the images are not why.
      await job.moveToWait(token);
      throw new this.#errors.Waiting();
    } finally {
      this.active--;
    }
  }

  /** Times of the engine since the last call. */
  #takeTimes(): StageTimes {
    const now = { ...this.#options.opened.engine.times };
    const before = this.#reported;
    this.#reported = now;
    const stages = Object.keys(now) as (keyof StageTimes)[];
    return Object.fromEntries(stages.map((stage) => [stage, now[stage] - before[stage]])) as Record<
      keyof StageTimes,
      number
    >;
  }

  async #detect(image: Chunk['images'][number]): Promise<ImageOutcome> {
    const { opened, allowed, warn } = this.#options;
    const { description, engine, job, remote } = opened;
    const refused =
      image.url === undefined
        ? await refuseFile(image, { folder: description.imageFolder, allowed: allowed.folders })
        : refuseAddress({ ...image, url: image.url }, remote && allowed.addresses);
    if (refused === undefined) return await engine.detect(image, job.ontology, this.#stop.signal);
    const outside =
      image.url === undefined ? 'the folders given as --root' : 'the hosts and buckets given as --allow-host';
    warn(`Refused to read ${printable(image.name)}: it lies outside ${outside}.`);
    return refused;
  }
}

type Library = Awaited<ReturnType<typeof loadBullmq>>;
