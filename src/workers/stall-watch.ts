import { performance } from 'node:perf_hooks';

const STALLED_MS_PER_INPUT = 600_000; // without a sign of life: the largest model takes a minute an image on one core, or to open
const INTERVAL_MS = 5_000;

/** Notices a process that has work and gives no sign of life. */
export class StallWatch implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #lastSign = performance.now();
  #lastLook = performance.now();

  /** @param inputs - How many it has to work on before its next sign; 0: none is expected. */
  constructor({ inputs, stalled }: { inputs: () => number; stalled: () => void }) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      // After a pause of this whole process (SIGSTOP, a sleeping laptop) nobody had a chance to answer.
      if (now - this.#lastLook > 3 * INTERVAL_MS) this.#lastSign = now;
      this.#lastLook = now;
      const count = inputs();
      if (count > 0 && now - this.#lastSign > count * STALLED_MS_PER_INPUT) stalled();
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
