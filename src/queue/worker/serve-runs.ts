import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { PreannotateError } from '../../core/errors.js';
import { untilAborted } from '../../core/stream.js';
import { counted, printable } from '../../core/text.js';
import type { DownloadObserver } from '../../hub/repository.js';
import { BEATS, keysOf, makeWorkerId, RUNS } from '../keys.js';
import { connectToQueue, type Connection, type QueueSettings } from '../redis/connection.js';
import { isRefusal, RedisWatch } from '../redis/watch.js';
import { AllowedAddresses } from './allowed-addresses.js';
import { AllowedFolders } from './allowed-files.js';
import { closeRun, describeRefusal, openRun, type Allowed, type OwnSettings } from './open-run.js';
import { RunList, type ListedRun } from './run-list.js';
import { ServedRun } from './served-run.js';

const POLL_MS = 500;
const BEAT_POLLS = 4;

/** A run that was refused is tried again: a model may have been copied, a disk freed. */
const REFUSED_MS = 60_000;

/** The same where it was the Redis that refused something. */
const REDIS_REFUSED_MS = 10_000;

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
  using watch = new RedisWatch(connection, reporting.note);
  try {
    const allowed = { folders: await AllowedFolders.of(job.roots), addresses };
    await using server = new RunServer(job, { ...reporting, connection, watch, allowed });
    reporting.note(`Waiting for runs at ${connection.name}.`);
    await server.serve(signal);
  } finally {
    connection.redis.disconnect();
  }
}

interface ServerParts extends Reporting {
  readonly connection: Connection;
  readonly watch: RedisWatch;
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
  readonly #leaving = new Set<Promise<void>>();
  readonly #openAgainMs = new Map<string, number>(); // run and key → not before
  readonly #told = new Set<string>();
  readonly #stop = new AbortController();
  #failure: Error | undefined; // ends the worker
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
      await untilAborted(this.#poll(poll % BEAT_POLLS === 0), signal).catch((error: unknown) => this.#fail(error));
      if (this.#failure !== undefined) throw this.#failure;
      await sleep(POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    this.#parts.note('No work for long: the worker ends.');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The worker ends.'));
    await Promise.all([...this.#opening.values(), ...this.#leaving]);
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
    const leaving = run[Symbol.asyncDispose]().finally(() => this.#leaving.delete(leaving));
    this.#leaving.add(leaving);
    await leaving;
    this.#parts.note(`Run ${id} ${why}; ${counted(run.images, 'image')} of it were annotated here.`);
  }

  #openIfFree(listed: ListedRun): void {
    const { id } = listed;
    if (this.#served.has(id) || this.#opening.has(id)) return;
    if (this.#served.size + this.#opening.size >= MAX_RUNS) return;
    if (performance.now() < (this.#openAgainMs.get(keyOf(listed)) ?? 0)) return;
    const opening = this.#open(listed)
      .catch((error: unknown) => this.#refuse(listed, error))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
  }

  async #open(listed: ListedRun): Promise<void> {
    const { id } = listed;
    const { connection, allowed, note, watcher } = this.#parts;
    const { signal } = this.#stop;
    const opened = await openRun(id, listed.registration, {
      ...{ connection, allowed, watcher, own: this.#job },
      use: {
        note: (message) => this.#noteOnce(id, message),
        warn: (message) => this.#noteOnce(id, message),
        signal,
        onFailure: (failure) => (this.#failure ??= failure),
      },
    });
    try {
      const examples = await opened.engine.prepare(opened.job.ontology, { signal });
      if (examples.length > 0) {
        await untilAborted(connection.redis.set(keysOf(id).examples, JSON.stringify(examples), 'NX'), signal);
      }
      signal.throwIfAborted();
      const run = await ServedRun.begin({ id, worker: this.#id, opened, connection, allowed, warn: note });
      this.#served.set(id, run);
      this.#lastWorkMs = performance.now();
      const { images } = opened.description;
      const work = images === null ? 'images as they arrive' : counted(images, 'image');
      note(`Works for ${nameOf(listed)}: ${work}.`);
      await untilAborted(this.#tell(id, run), signal);
    } catch (error) {
      if (!this.#served.has(id)) await closeRun(opened);
      throw error;
    }
  }

  /** Tells the producer why this worker takes no part in a run. */
  async #refuse(listed: ListedRun, error: unknown): Promise<void> {
    const { id } = listed;
    const { redis } = this.#parts.connection;
    const { signal } = this.#stop;
    const why = describeRefusal(error);
    const pauseMs = why === undefined ? REDIS_REFUSED_MS : REFUSED_MS;
    this.#openAgainMs.set(keyOf(listed), performance.now() + pauseMs);
    if (signal.aborted || why === undefined) throw error;
    const isUnfit = error instanceof PreannotateError && UNFIT.includes(error.code);
    if (isUnfit) this.#failure ??= error;
    const message = isUnfit ? why : `${why} It tries again every minute.`;
    this.#noteOnce(id, `Cannot take part in ${nameOf(listed)}: ${message}`);
    const entry = { host: this.#host, pid: process.pid, state: 'refused', message, devices: [], processes: 0 };
    const none = { restarts: 0, images: 0, beat: 0 };
    if (!this.#list.has(id)) return;
    await untilAborted(redis.hset(keysOf(id).workers, this.#id, JSON.stringify({ ...entry, ...none })), signal);
  }

  /** Ends the worker, unless it ends already, or it was the Redis that refused something: that is tried again. */
  #fail(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    if (isRefusal(error)) this.#parts.watch.refused(error);
    else this.#failure ??= error as Error;
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

function nameOf({ id, registration: { name } }: ListedRun): string {
  return `run ${id} (${printable(name)})`;
}

function keyOf({ id, registration: { key } }: ListedRun): string {
  return `${id} ${key}`;
}

/** Nothing that a run could change. */
const UNFIT: readonly string[] = ['DEVICE_UNAVAILABLE', 'WORKERS_FAILING'];
