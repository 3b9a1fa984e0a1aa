import { performance } from 'node:perf_hooks';

const FIRST_MS = 5_000; // from a change: others follow it soon
const INTERVAL_MS = 60_000; // at least, from the end of an update to the start of the next
const REST = 4; // times as long as the last update took, so that updates delay the run little

/** Repeats an update while there is something new, from time to time, until it is disposed of. */
export class PeriodicUpdates implements AsyncDisposable {
  readonly #update: (signal: AbortSignal) => Promise<void>;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #nextMs = -Infinity;
  #isStale = false; // something has changed since the last update began

  /** @param update - Until its signal is aborted. It handles its own errors. */
  constructor(update: (signal: AbortSignal) => Promise<void>) {
    this.#update = update;
  }

  /** There is something new. */
  changed(): void {
    this.#isStale = true;
    if (this.#timer !== undefined || this.#running !== undefined || this.#stop.signal.aborted) return;
    const delayMs = Math.max(FIRST_MS, this.#nextMs - performance.now());
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, delayMs);
  }

  /** Stops an update that is running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#timer = undefined;
    this.#isStale = false;
    const started = performance.now();
    await this.#update(this.#stop.signal);
    const ended = performance.now();
    this.#nextMs = ended + Math.max(INTERVAL_MS, REST * (ended - started));
    this.#running = undefined;
    this.#goOn();
  }

  /** What has changed during an update needs another one. */
  #goOn(): void {
    if (this.#isStale) this.changed();
  }
}
