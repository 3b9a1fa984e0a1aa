import type { Queue, QueueEvents } from 'bullmq';
import { Condition } from '../../core/condition.js';
import { PreannotateError } from '../../core/errors.js';
import { NO_TIMES, type ImageOutcome, type ImageSource, type StageTimes } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { ChosenExample } from '../../core/seen-example.js';
import type { Placement } from '../../workers/devices/placement.js';
import type { Engine, EngineStatus, PrepareOptions } from '../../workers/engine.js';
import { BEATS, keysOf, RUNS } from '../keys.js';
import { MAX_CHUNK_IMAGES, parseStored, ReportedExamples, type Chunk } from '../protocol.js';
import type { Registration, RunDescription } from '../protocol.js';
import type { Connection } from '../redis/connection.js';
import { describeFailure, OutstandingChunks } from './outstanding.js';
import type { WorkersSeen } from './workers-seen.js';

/**
 * Chunks that are handed out at once: in the Redis, at workers, or on their way back. At 10,000 images/s, about what
 * one producer and one Redis take, they last 1.6 s, longer than any round trip; 64 machines of eight devices hold 640.
 * In the Redis they take about 3 MB, and 20 MB as results.
 */
const CHUNKS_AT_ONCE = 1024;

const BEAT_MS = 2000;

/** Results whose event was missed are found this much later. */
const SWEEP_MS = 5000;

/** What the engine is made of. The caller that opened it closes it. */
export interface QueueParts {
  readonly id: string; // of the run
  readonly connection: Connection;
  readonly queue: Queue<Chunk, unknown>;
  readonly events: QueueEvents;
  readonly workers: WorkersSeen;
  readonly registration: Registration;
  readonly description: RunDescription;
  readonly ontology: Ontology;
  readonly patches: number; // of one input of the model
  readonly note: (message: string) => void;
  readonly onRefused: (error: unknown) => void;
  readonly close: () => Promise<void>; // the connections, and what watches them
}

/** An engine whose images are annotated by workers elsewhere: chunks of them go through a Redis, outcomes come back. */
export class QueueEngine implements Engine {
  readonly capacity: number;
  readonly placement: Placement = { devices: [], workersPerDevice: 0, threads: 0, maxBatchSize: MAX_CHUNK_IMAGES };
  readonly times: Record<keyof StageTimes, number> = { ...NO_TIMES };
  readonly #parts: QueueParts;
  readonly #chunks: OutstandingChunks;
  readonly #changed = new Condition();
  readonly #beatTimer: NodeJS.Timeout;
  readonly #sweepTimer: NodeJS.Timeout;
  readonly #signals = new WeakSet<AbortSignal>();
  #isBeating = false;
  #isSweeping = false;
  #stopped: Error | undefined; // why no more is handed out

  constructor(parts: QueueParts) {
    const { queue, description, workers, ontology, patches, note, onRefused, connection, events } = parts;
    const {
      chunkImages: chunkSize,
      worker: { maxDetections, tiles },
    } = description;
    this.#parts = parts;
    this.capacity = CHUNKS_AT_ONCE * chunkSize;
    this.#chunks = new OutstandingChunks({
      ...{ queue, ontology, chunkSize, onRefused, warn: note },
      key: description.key,
      ...{ maxDetections, tiles, patches },
      onResult: ({ worker, times, outcomes }) => {
        if (!workers.knows(worker)) void this.#beat(); // looks who it is
        workers.count(worker, outcomes.length);
        for (const stage of Object.keys(times) as (keyof StageTimes)[]) this.times[stage] += times[stage];
      },
    });
    events.on('completed', ({ jobId, returnvalue }) => this.#chunks.finished(jobId, returnvalue));
    events.on('failed', ({ jobId, failedReason }) => this.#chunks.failed(jobId, describeFailure(failedReason)));
    connection.redis.on('ready', () => {
      void this.#beat();
      void this.#sweep(0); // it may have lost everything
    });
    this.#beatTimer = setInterval(() => void this.#beat(), BEAT_MS);
    this.#sweepTimer = setInterval(() => void this.#sweep(SWEEP_MS), SWEEP_MS);
  }

  async ready(): Promise<void> {
    await this.#parts.queue.waitUntilReady();
    await this.#parts.events.waitUntilReady();
  }

  async allReady(): Promise<void> {
    await this.ready();
  }

  /** Examples are reported by the first worker that has encoded them. Prompts were checked before. */
  async prepare(ontology: Ontology, { signal }: PrepareOptions = {}): Promise<readonly ChosenExample[]> {
    const { id, connection } = this.#parts;
    if (!ontology.queries.some(({ example }) => example !== undefined)) return [];
    for (;;) {
      signal?.throwIfAborted();
      if (this.#stopped !== undefined) throw this.#stopped;
      const reported = parseStored(ReportedExamples, await connection.redis.get(keysOf(id).examples));
      if (reported !== undefined) return reported;
      await this.#changed.wait();
    }
  }

  /** One listener a signal: with thousands of calls in flight, one each would take longer than the rest. */
  async detect(image: ImageSource, _: Ontology, signal: AbortSignal): Promise<ImageOutcome> {
    signal.throwIfAborted();
    if (this.#stopped !== undefined) throw this.#stopped;
    if ('bytes' in image) throw new Error('Images that are bytes do not go through a queue. This is a bug.');
    if (!this.#signals.has(signal)) {
      this.#signals.add(signal);
      signal.addEventListener('abort', () => this.#stop(signal.reason as Error), { once: true });
    }
    return await new Promise((resolve, reject) => this.#chunks.add({ image, resolve, reject }));
  }

  expect(): Disposable {
    return { [Symbol.dispose]: () => {} }; // chunks wait briefly in any case
  }

  status(): EngineStatus {
    const { workers } = this.#parts;
    return {
      waiting: this.#chunks.waiting,
      workers: workers.present.flatMap(({ host, devices, restarts }) =>
        devices.map((device) => ({ device: `${host} ${device}`, ready: true, images: 0, restarts, loadMs: 0 })),
      ),
      takenPart: workers.listTakenPart(),
    };
  }

  /** Registers the run, and looks which workers are there. */
  async begin(): Promise<void> {
    await this.#tellAndLook();
  }

  /** Removes all that the run has in the Redis, if that can be reached. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop(new PreannotateError({ code: 'STOPPED', message: 'The run was stopped.', hint: 'Start it again.' }));
    clearInterval(this.#beatTimer);
    clearInterval(this.#sweepTimer);
    this.#chunks[Symbol.dispose]();
    await this.#parts.close();
  }

  #stop(reason: Error): void {
    this.#stopped ??= reason;
    this.#chunks.rejectAll(this.#stopped);
    this.#changed.notify();
  }

  async #beat(): Promise<void> {
    if (this.#isBeating) return; // the Redis is away
    this.#isBeating = true;
    try {
      await this.#tellAndLook();
    } catch (error) {
      if (this.#stopped === undefined) this.#parts.onRefused(error);
    } finally {
      this.#isBeating = false;
      this.#changed.notify();
    }
  }

  /** A Redis that has lost its data is told everything again. */
  async #tellAndLook(): Promise<void> {
    const { id, registration, description, workers } = this.#parts;
    const { redis } = this.#parts.connection;
    const keys = keysOf(id);
    await redis.hincrby(BEATS, id, 1);
    if ((await redis.exists(keys.run)) === 0) await redis.set(keys.run, JSON.stringify(description));
    await redis.hset(RUNS, id, JSON.stringify(registration));
    const lost = workers.update(await redis.hgetall(keys.workers));
    if (lost.length > 0) await redis.hdel(keys.workers, ...lost);
  }

  async #sweep(minAgeMs: number): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const { queue, onRefused } = this.#parts;
    try {
      await this.#chunks.sweep((id) => queue.getJob(id), minAgeMs);
    } catch (error) {
      if (this.#stopped === undefined) onRefused(error);
    } finally {
      this.#isSweeping = false;
    }
  }
}
