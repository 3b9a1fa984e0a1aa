import type { ImageOutcome, ImageSource } from '../core/image.js';
import type { PreparedQueries } from './queries/prepared-queries.js';
import { DeathRecord } from './worker-death.js';

/** A call of `detect` that waits for its answer. */
export class PendingDetection {
  readonly image: ImageSource;
  readonly queries: PreparedQueries;
  readonly queuedAt = performance.now();
  readonly answer: Promise<ImageOutcome>;
  readonly deaths = new DeathRecord(); // of workers that had this image
  readonly #signal: AbortSignal;
  #resolve!: (outcome: ImageOutcome) => void;
  #reject!: (reason: Error) => void;

  /** @param signal - When it aborts, the answer is a rejection with its reason. */
  constructor(image: ImageSource, queries: PreparedQueries, signal: AbortSignal) {
    this.image = image;
    this.queries = queries;
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** A worker died while it had this image; it must be alone when the next one dies. */
  get isSuspect(): boolean {
    return this.deaths.count > 0;
  }

  get isCancelled(): boolean {
    return this.#signal.aborted;
  }

  resolve(outcome: ImageOutcome): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#resolve(outcome);
  }

  reject(reason: Error): void {
    this.#signal.removeEventListener('abort', this.#abort);
    this.#reject(reason);
  }

  readonly #abort = () => this.#reject(this.#signal.reason as Error);
}
