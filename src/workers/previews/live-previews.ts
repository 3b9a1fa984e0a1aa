import { performance } from 'node:perf_hooks';

const INTERVAL_MS = 5_000; // at least, from the end of an update to the start of the next
const REST = 4; // times as long as the last update took, so that updates delay the run little

/** Updates the previews of a run while it annotates: soon after the first image, then from time to time. */
export class LivePreviews implements AsyncDisposable {
  readonly #update: (signal: AbortSignal) => Promise<unknown>;
  readonly #isShown: (image: string) => boolean;
  readonly #now: () => number;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #nextMs = -Infinity;
  #isStale = false; // an image was annotated since the last update began

  /**
   * @param update - Writes the previews of the images that are annotated, until its signal is aborted. What it throws
   *   is left to the update at the end of the run, which meets it again.
   * @param isShown - Whether an image is to have a preview.
   */
  constructor(
    update: (signal: AbortSignal) => Promise<unknown>,
    isShown: (image: string) => boolean,
    now: () => number = () => performance.now(),
  ) {
    this.#update = update;
    this.#isShown = isShown;
    this.#now = now;
  }

  /** Starts an update when there is something new to show, and it is time for one. */
  imageAnnotated(name: string): void {
    if (this.#isShown(name)) this.#isStale = true;
    const isDue = this.#running === undefined && this.#now() >= this.#nextMs && !this.#stop.signal.aborted;
    if (this.#isStale && isDue) this.#running = this.#run();
  }

  /** Stops an update that is running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#isStale = false;
    const started = this.#now();
    await this.#update(this.#stop.signal).catch(() => {});
    const ended = this.#now();
    this.#nextMs = ended + Math.max(INTERVAL_MS, REST * (ended - started));
    this.#running = undefined;
  }
}
