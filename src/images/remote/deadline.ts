import { fetchTimeoutError } from '../../net/url-errors.js';

/** A time limit that can be suspended. It also ends with the caller's signal. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #limitMs: number;
  readonly #leave = () => this.#controller.abort(this.#caller.reason);
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number, caller: AbortSignal) {
    this.#limitMs = limitMs;
    this.#caller = caller;
    caller.addEventListener('abort', this.#leave, { once: true });
    if (caller.aborted) this.#leave();
    this.restart();
  }

  /** Its reason is the caller's, or an error with the code URL_TIMEOUT. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The whole time again. */
  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#controller.abort(fetchTimeoutError()), this.#limitMs);
  }

  suspend(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#leave);
  }
}
