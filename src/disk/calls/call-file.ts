import { performance } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';

const SLICE = 256; // calls before other work of this process has its turn
const SLICE_MS = 25; // the same, where calls take longer
const SLOW_CALL_MS = 0.2; // ten times what a local disk takes
const SLOW_SLICES = 8; // in a row: a busy machine delays one now and then
const LATER_CALLS = 50_000; // before it is tried again whether calls are slow

/** How a file is read or written, at once or later. */
interface FileCall<Result> {
  readonly now: () => Result;
  readonly later: () => Promise<Result>;
}

/** Decides whether calls of the file system are waited for. */
export class FileCalls {
  #calls = 0; // of the slice
  #callsMs = 0;
  #slowSlices = 0;
  #laterCalls = 0; // that are left
  readonly #slowCallMs: number;

  /** @param slowCallMs - A call that takes longer is slow; default: for calls that move little data. */
  constructor(slowCallMs = SLOW_CALL_MS) {
    this.#slowCallMs = slowCallMs;
  }

  do<Result>({ now, later }: FileCall<Result>): Result | Promise<Result> {
    if (this.#laterCalls > 0) {
      this.#laterCalls--;
      return later();
    }
    const begun = performance.now();
    let result: Result;
    try {
      result = now();
    } finally {
      this.#callsMs += performance.now() - begun;
      this.#calls++;
    }
    if (this.#calls < SLICE && this.#callsMs < SLICE_MS) return result;
    this.#endSlice();
    return setImmediate(result); // signals, and the heartbeat of the lock
  }

  #endSlice(): void {
    this.#slowSlices = this.#callsMs > this.#calls * this.#slowCallMs ? this.#slowSlices + 1 : 0;
    this.#calls = this.#callsMs = 0;
    if (this.#slowSlices < SLOW_SLICES) return;
    this.#slowSlices = 0;
    this.#laterCalls = LATER_CALLS;
  }
}

const calls = new FileCalls();

/**
 * Calls the file system for a small file. On a local disk the call is waited for, which takes a few microseconds of the
 * processor; one that is answered later takes many times as much. A slow file system is asked for many files at once.
 *
 * @returns What the call gives, or a promise of it: await it in any case.
 */
export function callFile<Result>(call: FileCall<Result>): Result | Promise<Result> {
  return calls.do(call);
}
