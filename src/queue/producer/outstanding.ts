import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Job, Queue } from 'bullmq';
import type { ImageFile, ImageOutcome } from '../../core/image.js';
import { mapConcurrent } from '../../core/stream.js';
import { printable } from '../../core/text.js';
import { fromSent, parseChunkResult, type ChunkResult, type OutcomeLimits } from '../outcomes.js';
import { VANISHED, type Chunk } from '../protocol.js';

/** A list that is not full waits this long for more images. */
const FILL_MS = 20;

/** Tries of a chunk whose results cannot be used; the same as BullMQ's for one whose worker vanishes. */
const MAX_TRIES = 3;

/** Jobs that a sweep asks for at once. */
const SWEPT_AT_ONCE = 64;

/** Until a Redis that takes nothing more is asked again. */
const RETRY_MS = 2000;

/** An image that a caller waits for. */
export interface PendingImage {
  readonly image: ImageFile;
  readonly resolve: (outcome: ImageOutcome) => void;
  readonly reject: (reason: unknown) => void;
}

/** Images that were handed out together. */
interface HandedOut {
  readonly images: readonly PendingImage[];
  readonly tries: number; // before this one
  isAdded: boolean;
  addedAtMs: number;
}

interface OutstandingOptions extends OutcomeLimits {
  readonly queue: Queue<Chunk, unknown>;
  readonly key: string; // of the run
  readonly chunkSize: number;
  readonly warn: (message: string) => void;
  readonly onRefused: (error: unknown) => void; // the Redis takes nothing more
  readonly onResult: (result: ChunkResult) => void;
}

/** The images that are handed out, in chunks, until their outcomes are there. Only what is in here is accepted. */
export class OutstandingChunks implements Disposable {
  readonly #options: OutstandingOptions;
  readonly #chunks = new Map<string, HandedOut>(); // by job id
  readonly #attempt = randomBytes(6).toString('hex'); // job ids of an earlier producer are not ours
  #count = 0;
  #collected: PendingImage[] = [];
  #fillTimer: NodeJS.Timeout | undefined;
  #toAdd: string[] = [];
  #toRemove: string[] = [];
  #isAdding = false;
  #isRemoving = false;
  #isDisposed = false;

  constructor(options: OutstandingOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#collected.length;
  }

  add(pending: PendingImage): void {
    this.#collected.push(pending);
    if (this.#collected.length >= this.#options.chunkSize) this.#handOutCollected();
    else this.#fillTimer ??= setTimeout(() => this.#handOutCollected(), FILL_MS);
  }

  /** Takes the result of a job, whatever it is. */
  finished(id: string, value: unknown): void {
    const chunk = this.#chunks.get(id);
    this.#remove(id);
    if (chunk === undefined) return; // taken before, or handed out by an earlier producer
    const result = parseChunkResult(value);
    const outcomes = result && this.#toOutcomes(chunk, result);
    if (outcomes === undefined) {
      const from = result === undefined ? 'a worker' : `worker ${printable(result.worker)}`;
      this.#options.warn(
        `Results that ${from} sent for ${describe(chunk)} are dropped: they are of another run, or have no valid form.`,
      );
      this.#handOutAgain(id, chunk, 'its results could not be used');
      return;
    }
    this.#chunks.delete(id);
    this.#options.onResult(result!);
    for (const [i, { resolve }] of chunk.images.entries()) resolve(outcomes[i]!);
  }

  /** A job that failed: its worker vanished again and again, or could not do it. */
  failed(id: string, { reason, hasVanished }: { reason: string; hasVanished: boolean }): void {
    const chunk = this.#chunks.get(id);
    this.#remove(id);
    if (chunk === undefined) return;
    if (hasVanished) this.#split(id, chunk, 'its workers died or were lost');
    else this.#handOutAgain(id, chunk, printable(reason));
  }

  /**
   * Looks at every chunk that was handed out: takes results whose event was missed, and hands out again what the Redis
   * has forgotten. The journal is what counts.
   *
   * @param find - The job as the Redis has it.
   * @param minAgeMs - What was handed out later is left alone.
   */
  async sweep(find: (id: string) => Promise<Job<Chunk, unknown> | undefined>, minAgeMs: number): Promise<void> {
    const before = performance.now() - minAgeMs;
    const old = [...this.#chunks].filter(([, { isAdded, addedAtMs }]) => isAdded && addedAtMs <= before);
    const jobs = mapConcurrent(old, SWEPT_AT_ONCE, async ([id, chunk]) => ({ id, chunk, job: await find(id) }));
    for await (const { id, chunk, job } of jobs) {
      if (this.#isDisposed) return;
      if (this.#chunks.get(id) !== chunk) continue; // finished meanwhile
      if (job === undefined) this.#queueToAdd(id, chunk);
      else if (job.finishedOn && job.failedReason) this.failed(id, describeFailure(job.failedReason));
      else if (job.finishedOn) this.finished(id, job.returnvalue);
    }
  }

  rejectAll(reason: unknown): void {
    const images = [...this.#chunks.values()].flatMap((chunk) => chunk.images);
    for (const { reject } of [...images, ...this.#collected]) reject(reason);
    this.#chunks.clear();
    this.#collected = [];
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    clearTimeout(this.#fillTimer);
  }

  #handOutCollected(): void {
    clearTimeout(this.#fillTimer);
    this.#fillTimer = undefined;
    const images = this.#collected;
    this.#collected = [];
    if (images.length > 0) this.#handOut(images, 0);
  }

  #handOut(images: readonly PendingImage[], tries: number): void {
    const id = `${this.#attempt}-${this.#count++}`; // BullMQ takes no plain numbers
    const chunk = { images, tries, isAdded: false, addedAtMs: 0 };
    this.#chunks.set(id, chunk);
    this.#queueToAdd(id, chunk);
  }

  #queueToAdd(id: string, chunk: HandedOut): void {
    chunk.isAdded = false;
    this.#toAdd.push(id);
    if (!this.#isAdding) void this.#addAll();
  }

  /** Adds what is there by then, in one round trip. What the Redis refuses is tried again. */
  async #addAll(): Promise<void> {
    this.#isAdding = true;
    await new Promise(setImmediate);
    while (this.#toAdd.length > 0 && !this.#isDisposed) {
      const ids = this.#toAdd.filter((id) => this.#chunks.has(id));
      this.#toAdd = [];
      try {
        await this.#options.queue.addBulk(ids.map((id) => this.#toJob(id)));
        for (const id of ids) this.#markAdded(id);
      } catch (error) {
        this.#options.onRefused(error);
        this.#toAdd.push(...ids);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    this.#isAdding = false;
  }

  #toJob(id: string) {
    const images = this.#chunks.get(id)!.images.map(({ image: { name, url } }) => ({ name, ...(url && { url }) }));
    return { name: 'chunk', data: { key: this.#options.key, images }, opts: { jobId: id } };
  }

  #markAdded(id: string): void {
    const chunk = this.#chunks.get(id);
    if (chunk !== undefined) Object.assign(chunk, { isAdded: true, addedAtMs: performance.now() });
  }

  /** Finished jobs go once their results are taken; those that were left are found by the next sweep. */
  #remove(id: string): void {
    this.#toRemove.push(id);
    if (!this.#isRemoving) void this.#removeAll();
  }

  async #removeAll(): Promise<void> {
    this.#isRemoving = true;
    while (this.#toRemove.length > 0 && !this.#isDisposed) {
      const ids = this.#toRemove;
      this.#toRemove = [];
      await Promise.all(ids.map((id) => this.#options.queue.remove(id).catch(() => 0)));
    }
    this.#isRemoving = false;
  }

  #toOutcomes(chunk: HandedOut, { key, outcomes }: ChunkResult): ImageOutcome[] | undefined {
    if (key !== this.#options.key || outcomes.length !== chunk.images.length) return undefined;
    const known = outcomes.map((sent, i) => fromSent(chunk.images[i]!.image, sent, this.#options));
    return known.every((outcome) => outcome !== undefined) ? known : undefined;
  }

  #handOutAgain(id: string, chunk: HandedOut, reason: string): void {
    if (chunk.tries + 1 >= MAX_TRIES) {
      this.#split(id, chunk, reason);
      return;
    }
    this.#chunks.delete(id);
    this.#handOut(chunk.images, chunk.tries + 1);
  }

  /** One of the images may be why: each is tried alone, and then fails alone. */
  #split(id: string, { images }: HandedOut, reason: string): void {
    this.#chunks.delete(id);
    if (images.length > 1) {
      for (const pending of images) this.#handOut([pending], 0);
      return;
    }
    const [{ image, resolve }] = images as [PendingImage];
    const message = `${printable(image.name)}: given to several workers, at last alone, and each time ${reason}.`;
    const hint = 'Save the image again in another format, or leave it out with --exclude.';
    resolve({ ok: false, name: image.name, failure: { code: 'WORKER_CRASHED', message, hint } });
  }
}

/** BullMQ's own words for a job whose workers vanished too often. */
export function describeFailure(reason: string): { reason: string; hasVanished: boolean } {
  return { reason, hasVanished: reason === VANISHED || reason.startsWith('job stalled more than') };
}

function describe({ images }: HandedOut): string {
  const others = images.length > 1 ? ` and ${images.length - 1} more` : '';
  return `${printable(images[0]!.image.name)}${others}`;
}
