import { performance } from 'node:perf_hooks';

const INTERVAL_MS = 5_000;

/** Notices a process that has work and gives no sign of life. */
export class StallWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lastSign = performance.now();
  #lastLook = performance.now();

  /** @param patienceMs - How long it may take to its next sign; Infinity where none is expected. */
  constructor({ patienceMs, stalled }: { patienceMs: () => number; stalled: () => void }) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // After a pause of this whole process (SIGSTOP, a sleeping laptop) nobody had a chance to answer.
      if (now - this.#lastLook > 3 * INTERVAL_MS) this.#lastSign = now;
      this.#lastLook = now;
      if (now - this.#lastSign > patienceMs()) stalled();
    }, INTERVAL_MS).unref();
  }

  /** It lives, or has just been given something to do. */
  sign(): void {
    this.#lastSign = performance.now();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
