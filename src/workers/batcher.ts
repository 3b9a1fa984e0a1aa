import type { ImageOutcome, ImageSource } from '../core/image.js';

/** A call of `detect` that waits for its answer. */
export interface Ticket {
  readonly image: ImageSource;
  readonly queriesKey: string;
  readonly resolve: (outcome: ImageOutcome) => void;
  readonly reject: (reason: Error) => void;
  readonly isGivenUp: () => boolean; // whoever asked does not wait any more
  crashes: number; // workers that died with this image in their hands
}

/** Puts waiting images together into the chunks that workers take. */
export class Batcher {
  readonly #maxBatchSize: number;
  readonly #waiting: Ticket[] = [];
  readonly #suspects: Ticket[] = [];

  constructor(maxBatchSize: number) {
    this.#maxBatchSize = maxBatchSize;
  }

  add(ticket: Ticket): void {
    (ticket.crashes === 0 ? this.#waiting : this.#suspects).push(ticket);
  }

  /**
   * The next chunk for a worker that has `outstanding` chunks already; undefined when it should get none now.
   *
   * While images are under suspicion of having killed a worker, each goes alone to a worker with empty hands, so that
   * the next crash names its image. A chunk that is not full waits while the worker has something else to do.
   */
  next(outstanding: number): Ticket[] | undefined {
    if (this.#suspects.length > 0) return outstanding === 0 ? [this.#suspects.shift()!] : undefined;
    const first = this.#waiting[0];
    if (first === undefined) return undefined;
    const nextOntology = this.#waiting.findIndex(({ queriesKey }) => queriesKey !== first.queriesKey);
    const available = Math.min(nextOntology === -1 ? this.#waiting.length : nextOntology, this.#maxBatchSize);
    if (available < this.#maxBatchSize && nextOntology === -1 && outstanding > 0) return undefined;
    return this.#waiting.splice(0, available);
  }

  /** Takes out what waits, for the end of the pool or a call that was given up. */
  remove(matches: (ticket: Ticket) => boolean): Ticket[] {
    const removed: Ticket[] = [];
    for (const queue of [this.#waiting, this.#suspects]) {
      const kept = queue.filter((ticket) => !matches(ticket) || removed.push(ticket) === 0);
      queue.splice(0, queue.length, ...kept);
    }
    return removed;
  }
}
