import { performance } from 'node:perf_hooks';
import type { ImageOutcome, ImageSource } from '../core/image.js';

/** A call of `detect` that waits for its answer. */
export interface PendingDetection {
  readonly image: ImageSource;
  readonly queriesKey: string;
  readonly since: number; // when it began to wait, by `performance.now()`
  readonly resolve: (outcome: ImageOutcome) => void;
  readonly reject: (reason: Error) => void;
  readonly isCancelled: () => boolean; // whoever asked does not wait any more
  crashes: number; // workers that died with this image in their hands
}

/** Puts waiting images together into the chunks that workers take, whatever is looked for in each. */
export class ChunkQueue {
  readonly #maxBatchSize: number;
  readonly #windowMs: number | undefined;
  readonly #waiting: PendingDetection[] = [];
  readonly #suspects: PendingDetection[] = [];
  /** Images that were announced and are not here yet: an idle worker waits for them, no longer than the window. */
  coming = 0;

  /** @param windowMs - How long a chunk may wait to fill up. Without it, a chunk waits for a worker with empty hands. */
  constructor(maxBatchSize: number, windowMs?: number) {
    this.#maxBatchSize = maxBatchSize;
    this.#windowMs = windowMs;
  }

  add(ticket: PendingDetection): void {
    (ticket.crashes === 0 ? this.#waiting : this.#suspects).push(ticket);
  }

  get size(): number {
    return this.#waiting.length + this.#suspects.length;
  }

  /** When the oldest image has waited for its window; undefined when none waits, or there is no window. */
  get due(): number | undefined {
    const [first] = this.#waiting;
    return first === undefined || this.#windowMs === undefined ? undefined : first.since + this.#windowMs;
  }

  /**
   * The next chunk for a worker that has `outstanding` chunks already; undefined when it should get none now.
   *
   * While images are under suspicion of having killed a worker, each goes alone to a worker with empty hands, so that
   * the next crash names its image. A chunk that is not full waits while the worker has something else to do, and while
   * more images are coming, but not beyond its window.
   */
  next(outstanding: number, now = performance.now()): PendingDetection[] | undefined {
    if (this.#suspects.length > 0) return outstanding === 0 ? [this.#suspects.shift()!] : undefined;
    const available = this.#waiting.length;
    if (available === 0) return undefined;
    const isDue = this.due !== undefined && now >= this.due;
    if (available < this.#maxBatchSize && !isDue && (outstanding > 0 || this.coming > 0)) return undefined;
    return this.#waiting.splice(0, this.#maxBatchSize);
  }

  /** Takes out what waits, for the end of the pool or a call that was given up. */
  remove(matches: (ticket: PendingDetection) => boolean): PendingDetection[] {
    const removed: PendingDetection[] = [];
    for (const queue of [this.#waiting, this.#suspects]) {
      const kept = queue.filter((ticket) => !matches(ticket) || removed.push(ticket) === 0);
      queue.splice(0, queue.length, ...kept);
    }
    return removed;
  }
}
