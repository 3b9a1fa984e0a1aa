import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PreannotateError } from '../../core/errors.js';
import { untilAborted } from '../../core/stream.js';
import { counted, printable } from '../../core/text.js';
import type { DownloadObserver } from '../../hub/repository.js';
import { BEATS, keysOf, makeWorkerId, RUNS } from '../keys.js';
import { connectToQueue, type Connection, type QueueSettings } from '../redis/connection.js';
import { RedisWatch } from '../redis/watch.js';
import { AllowedAddresses } from './allowed-addresses.js';
import { AllowedFolders } from './allowed-files.js';
import { describeRefusal, openRun, type Allowed, type OwnSettings } from './open-run.js';
import { RunList, type ListedRun } from './run-list.js';
import { ServedRun } from './served-run.js';

const POLL_MS = 500;
const BEAT_POLLS = 4;

/** A run that was refused is tried again: a model may have been copied, a disk freed. */
const REFUSED_MS = 60_000;

/** Each holds its own copy of its model in the memory of every device. */
const MAX_RUNS = 2;

const PROGRESS_MS = 60_000;

export interface WorkerJob extends OwnSettings {
  readonly queue: QueueSettings;
  readonly roots: readonly string[]; // absolute
  readonly allowHosts: readonly string[]; // as `AllowedAddresses` has them
  readonly exitWhenIdleMs?: number;
}

interface Reporting {
  readonly note: (message: string) => void;
  readonly watcher: DownloadObserver;
}

/**
 * Works for the runs of a queue: several, one after another, until it is stopped or has been idle for long.
 *
 * @throws PreannotateError QUEUE_UNREACHABLE, CONFIG_INVALID; what makes this machine unfit for any run; the signal's
 *   reason
 */
export async function serveRuns(job: WorkerJob, reporting: Reporting, signal: AbortSignal): Promise<void> {
  const addresses = new AllowedAddresses(job.allowHosts, job.fetch);
  const connection = await connectToQueue(job.queue, signal);
  connection.warnings.forEach((warning) => reporting.note(`Warning: ${warning}`));
  using _watch = new RedisWatch(connection, reporting.note);
  try {
    const allowed = { folders: await AllowedFolders.of(job.roots), addresses };
    await using server = new RunServer(job, { ...reporting, connection, allowed });
    reporting.note(`Waiting for runs at ${connection.name}.`);
    await server.serve(signal);
  } finally {
    connection.redis.disconnect();
  }
}

interface ServerParts extends Reporting {
  readonly connection: Connection;
  readonly allowed: Allowed;
}

/** The runs that this process works for. */
class RunServer implements AsyncDisposable {
  readonly #job: WorkerJob;
  readonly #parts: ServerParts;
  readonly #host = hostname();
  readonly #id = makeWorkerId(this.#host);
  readonly #list = new RunList();
  readonly #served = new Map<string, ServedRun>();
  readonly #opening = new Map<string, Promise<void>>();
  readonly #refused = new Map<string, number>(); // run and key → when
  readonly #told = new Set<string>();
  readonly #stop = new AbortController();
  #failure: PreannotateError | undefined;
  #lastWorkMs = performance.now();
  #lastProgressMs = performance.now();
  #answered = 0;

  constructor(job: WorkerJob, parts: ServerParts) {
    this.#job = job;
    this.#parts = parts;
  }

  async serve(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#stop.abort(signal.reason), { once: true });
    for (let poll = 0; !this.#isIdleForLong(); poll++) {
      await untilAborted(this.#poll(poll % BEAT_POLLS === 0), signal);
      if (this.#failure !== undefined) throw this.#failure;
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    this.#parts.note('No work for long: the worker ends.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The worker ends.'));
    await Promise.allSettled(this.#opening.values());
    await Promise.all([...this.#served.values()].map((run) => run[Symbol.asyncDispose]()));
  }

  async #poll(beats: boolean): Promise<void> {
    const { redis } = this.#parts.connection;
    this.#list.update(await redis.hgetall(RUNS), await redis.hgetall(BEATS));
    for (const [id, run] of [...this.#served]) {
      const ended = this.#list.findEnd(id, run.key);
      if (ended !== undefined) await this.#leave(id, run, ended);
      else if (beats && this.#list.has(id)) await this.#tell(id, run);
    }
    for (const listed of this.#list.alive) this.#openIfFree(listed);
    this.#reportProgress();
  }

  async #tell(id: string, run: ServedRun): Promise<void> {
    await this.#parts.connection.redis.hset(keysOf(id).workers, this.#id, JSON.stringify(run.toEntry(this.#host)));
  }

  async #leave(id: string, run: ServedRun, why: string): Promise<void> {
    this.#served.delete(id);
    await run[Symbol.asyncDispose]();
    this.#parts.note(`Run ${id} ${why}; ${counted(run.images, 'image')} of it were annotated here.`);
  }

  #openIfFree(listed: ListedRun): void {
    const { id, registration } = listed;
    if (this.#served.has(id) || this.#opening.has(id)) return;
    if (this.#served.size + this.#opening.size >= MAX_RUNS) return;
    const refusedAt = this.#refused.get(`${id} ${registration.key}`);
    if (refusedAt !== undefined && performance.now() - refusedAt < REFUSED_MS) return;
    const opening = this.#open(listed).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    opening.catch(() => {}); // in #failure
  }

  async #open({ id, registration }: ListedRun): Promise<void> {
    const { connection, allowed, note, watcher } = this.#parts;
    const name = `run ${id} (${printable(registration.name)})`;
    try {
      const opened = await openRun(id, registration, {
        ...{ connection, allowed, watcher, own: this.#job },
        use: {
          note: (message) => this.#noteOnce(id, message),
          warn: (message) => this.#noteOnce(id, message),
          signal: this.#stop.signal,
          onFailure: (failure) => (this.#failure ??= failure),
        },
      });
      const examples = await opened.engine.prepare(opened.job.ontology);
      if (examples.length > 0) await connection.redis.set(keysOf(id).examples, JSON.stringify(examples), 'NX');
      const run = await ServedRun.begin({ id, worker: this.#id, opened, connection, allowed, warn: note });
      this.#served.set(id, run);
      this.#lastWorkMs = performance.now();
      const { images } = opened.description;
      note(`Works for ${name}: ${images === null ? 'images as they arrive' : counted(images, 'image')}.`);
      await this.#tell(id, run);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      await this.#refuse(id, registration.key, { name, error });
    }
  }

  /** Tells the producer, and ends where this machine fits no run. */
  async #refuse(id: string, key: string, { name, error }: { name: string; error: unknown }): Promise<void> {
    const why = describeRefusal(error);
    if (why === undefined) throw error;
    this.#refused.set(`${id} ${key}`, performance.now());
    this.#noteOnce(id, `Cannot take part in ${name}: ${why}`);
    const entry = { host: this.#host, pid: process.pid, state: 'refused', message: why, devices: [], processes: 0 };
    const none = { restarts: 0, images: 0, beat: 0 };
    const { redis } = this.#parts.connection;
    if (this.#list.has(id)) await redis.hset(keysOf(id).workers, this.#id, JSON.stringify({ ...entry, ...none }));
    const isUnfit = error instanceof PreannotateError && UNFIT.includes(error.code);
    if (isUnfit) this.#failure ??= error;
  }

  #noteOnce(id: string, message: string): void {
    const key = `${id} ${message}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#parts.note(message);
  }

  #isIdleForLong(): boolean {
    const now = performance.now();
    const runs = [...this.#served.values()];
    const answered = runs.reduce((sum, { images }) => sum + images, 0);
    const isBusy = this.#opening.size > 0 || runs.some(({ active }) => active > 0) || answered !== this.#answered;
    this.#answered = answered;
    if (isBusy) this.#lastWorkMs = now;
    const { exitWhenIdleMs } = this.#job;
    return exitWhenIdleMs !== undefined && now - this.#lastWorkMs >= exitWhenIdleMs;
  }

  #reportProgress(): void {
    const now = performance.now();
    if (now - this.#lastProgressMs < PROGRESS_MS) return;
    this.#lastProgressMs = now;
    for (const [id, run] of this.#served) {
      if (run.active > 0) this.#parts.note(`Run ${id}: ${counted(run.images, 'image')} annotated here so far.`);
    }
  }
}

/** Nothing that a run could change. */
const UNFIT: readonly string[] = ['DEVICE_UNAVAILABLE', 'WORKERS_FAILING'];
