import type { PendingDetection } from '../pending-detection.js';
import { ChunkQueue } from './chunk-queue.js';

/** A worker, as far as handing out chunks needs to know it. */
interface Receiver {
  readonly isReady: boolean;
  readonly isIsolating: boolean; // it has an image that must stay alone
  readonly chunksInFlight: number;
  detect(chunk: readonly PendingDetection[]): void;
}

/** Hands waiting images out to workers, in chunks. */
export class Dispatcher implements Disposable {
  readonly #workers: readonly Receiver[];
  readonly #queue: ChunkQueue;
  #isDue = false;
  #windowTimer: NodeJS.Timeout | undefined;

  /** @param windowMs - How long a chunk may wait to fill up; without it, until a worker has no work. */
  constructor(workers: readonly Receiver[], { chunkSize, windowMs }: { chunkSize: number; windowMs?: number }) {
    this.#workers = workers;
    this.#queue = new ChunkQueue(chunkSize, windowMs);
  }

  /** Chunks that one worker may have: one computing, others being read and decoded. */
  get chunksAhead(): number {
    // Chunks of one image need more of them ahead: to be read and decoded takes an image a few turns of the event loop.
    return this.#queue.chunkSize === 1 ? 4 : 2;
  }

  /** Images of a full chunk, from now on. */
  set chunkSize(images: number) {
    this.#queue.chunkSize = images;
  }

  /** Images that no worker has yet. */
  get size(): number {
    return this.#queue.size;
  }

  add(pending: PendingDetection): void {
    this.#queue.add(pending);
    this.dispatchSoon();
  }

  /** @returns Whether no worker had it yet. */
  remove(pending: PendingDetection): boolean {
    return this.#queue.remove(pending);
  }

  /** Takes out everything that waits. */
  clear(): PendingDetection[] {
    return this.#queue.clear();
  }

  /** Announces an image; see `Engine.expect`. */
  expect(): Disposable {
    let isExpected = true;
    this.#queue.expected++;
    return {
      [Symbol.dispose]: () => {
        if (!isExpected) return;
        isExpected = false;
        this.#queue.expected--;
        this.dispatchSoon();
      },
    };
  }

  /** Once for all calls of this turn, so that images asked for together travel together. */
  dispatchSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#dispatch();
    });
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#windowTimer);
    this.#windowTimer = undefined;
  }

  /** Deals chunks out in turns, to the workers with the fewest chunks first. */
  #dispatch(): void {
    for (let depth = 0; depth < this.chunksAhead; depth++) {
      for (const worker of this.#workers) {
        if (!worker.isReady || worker.isIsolating || worker.chunksInFlight !== depth) continue;
        const chunk = this.#queue.next(depth);
        if (chunk !== undefined) worker.detect(chunk);
      }
    }
    this.#awaitWindow();
  }

  /**
   * What still waits may leave when its window is over. Where that has passed, a worker's next answer dispatches it.
   */
  #awaitWindow(): void {
    clearTimeout(this.#windowTimer);
    const { due } = this.#queue;
    const waitMs = due === undefined ? 0 : due - performance.now();
    this.#windowTimer = waitMs > 0 ? setTimeout(() => this.#dispatch(), Math.ceil(waitMs)) : undefined;
  }
}
