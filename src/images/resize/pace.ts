import { setImmediate } from 'node:timers/promises';

const SLICE_MS = 20;

/** Divides long work into slices, between which messages arrive and other images go on. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #sliceStart = performance.now();

  /** @param signal - Stops work whose result is no longer needed. */
  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Between two pieces of work that take a few milliseconds at most. @throws The reason of the signal. */
  async rest(): Promise<void> {
    if (performance.now() - this.#sliceStart < SLICE_MS) return;
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#sliceStart = performance.now();
  }
}
