import type { PendingDetection } from '../pending-detection.js';

/** Decides when images leave for a worker, and how many travel together, whatever is looked for in each. */
export class ChunkQueue {
  chunkSize: number; // images of a full chunk
  readonly #windowMs: number | undefined;
  readonly #waiting: PendingDetection[] = [];
  readonly #suspects: PendingDetection[] = [];
  /** Images that were announced and have not arrived: an idle worker waits for them, no longer than the window. */
  expected = 0;

  /**
   * @param windowMs - How long a chunk may wait to fill up. Without it, a chunk waits for a worker with no work.
   */
  constructor(chunkSize: number, windowMs?: number) {
    this.chunkSize = chunkSize;
    this.#windowMs = windowMs;
  }

  add(pending: PendingDetection): void {
    (pending.isSuspect ? this.#suspects : this.#waiting).push(pending);
  }

  get size(): number {
    return this.#waiting.length + this.#suspects.length;
  }

  /** When the oldest image has waited for its window; undefined when none waits, or there is no window. */
  get due(): number | undefined {
    const [first] = this.#waiting;
    return first === undefined || this.#windowMs === undefined ? undefined : first.queuedAt + this.#windowMs;
  }

  /**
   * The next chunk for a worker that has `inFlight` chunks already; undefined when it should get none now.
   *
   * Images under suspicion of having killed a worker go first, each alone to a worker with no work, so that the next
   * crash names its image. A chunk that is not full waits while the worker has work, and while more images are
   * expected, but not beyond its window.
   */
  next(inFlight: number, now = performance.now()): PendingDetection[] | undefined {
    if (this.#suspects.length > 0) return inFlight === 0 ? [this.#suspects.shift()!] : undefined;
    const available = this.#waiting.length;
    if (available === 0) return undefined;
    const isDue = this.due !== undefined && now >= this.due;
    if (available < this.chunkSize && !isDue && (inFlight > 0 || this.expected > 0)) return undefined;
    return this.#waiting.splice(0, this.chunkSize);
  }

  /** @returns Whether it was still waiting. */
  remove(pending: PendingDetection): boolean {
    for (const queue of [this.#waiting, this.#suspects]) {
      const index = queue.indexOf(pending);
      if (index >= 0) return queue.splice(index, 1).length > 0;
    }
    return false;
  }

  /** Takes out everything that waits. */
  clear(): PendingDetection[] {
    return [...this.#waiting.splice(0), ...this.#suspects.splice(0)];
  }
}
