import { untilAborted } from '../../core/stream.js';

interface Work<Result> {
  readonly result: Promise<Result>;
  readonly abandoned: AbortController;
  readers: number;
}

/** Does what several ask for at the same time once, and gives up when none of them waits any more. */
export class SharedWork<Result> {
  readonly #byKey = new Map<string, Work<Result>>();

  /** @param start - Starts the work; its signal is aborted when no caller waits for it. */
  async run(key: string, signal: AbortSignal, start: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const work = this.#byKey.get(key) ?? this.#start(key, start);
    work.readers++;
    try {
      return await untilAborted(work.result, signal);
    } finally {
      if (--work.readers === 0) {
        work.abandoned.abort();
        this.#forget(key, work);
      }
    }
  }

  #start(key: string, start: (signal: AbortSignal) => Promise<Result>): Work<Result> {
    const abandoned = new AbortController();
    const work = { result: start(abandoned.signal), abandoned, readers: 0 };
    this.#byKey.set(key, work);
    const forget = () => this.#forget(key, work);
    work.result.then(forget, forget);
    return work;
  }

  #forget(key: string, work: Work<Result>): void {
    if (this.#byKey.get(key) === work) this.#byKey.delete(key);
  }
}
