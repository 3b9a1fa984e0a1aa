import type { ProgressCounts, RunProgress } from '../progress/run-progress.js';
import { toProgramWords } from './program-words.js';
import type { AnnotateCallbacks } from './run-types.js';

/** Gives a program what the command line would show. What a callback throws stops the run with that as its reason. */
export class ReportedProgress implements RunProgress {
  readonly #callbacks: Omit<AnnotateCallbacks, 'signal'>;
  readonly #given: unknown;
  readonly #failed = new AbortController();
  #counts: ProgressCounts = { total: 0, done: 0, failed: 0 };

  /** @param given - What the call was given: notes keep its texts as they are */
  constructor(callbacks: Omit<AnnotateCallbacks, 'signal'>, given: unknown) {
    this.#callbacks = callbacks;
    this.#given = given;
  }

  /** A callback has thrown. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  start({ total, done, failed = 0 }: Omit<ProgressCounts, 'failed'> & { failed?: number }): void {
    this.follow({ total, done, failed });
  }

  follow({ total, done, failed }: ProgressCounts): void {
    this.#counts = { total, done, failed };
    this.#call(() => this.#callbacks.onProgress?.(this.#counts));
  }

  tick({ ok }: { ok: boolean }, counts?: ProgressCounts): void {
    const { total, done, failed } = this.#counts;
    this.follow(counts ?? { total, done: done + 1, failed: failed + Number(!ok) });
  }

  download() {
    return {
      progress: ({ done, total }: { done: number; total: number }) => {
        this.#call(() => this.#callbacks.onDownload?.({ done, total }));
      },
      note: (message: string) => this.note(message),
      [Symbol.dispose]: () => {},
    };
  }

  note(message: string): void {
    this.#call(() => this.#callbacks.onNote?.(toProgramWords(message, this.#given)));
  }

  stop(): void {}

  /** Callbacks are also called from listeners, where an error would end the whole program. */
  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#failed.abort(error);
    }
  }
}
