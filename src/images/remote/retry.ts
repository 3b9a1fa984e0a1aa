import pLimit, { type LimitFunction } from 'p-limit';
import pRetry from 'p-retry';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTransient, retryAfterOf } from './fetch-errors.js';

const RETRIES = 4;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 20_000;

/** A longer Retry-After fails the image instead: the same command tries it again. */
const MAX_RETRY_AFTER_MS = 60_000;

/** One server: how many attempts it may have at once, and when it asked not to be asked before. */
class Host {
  readonly limit: LimitFunction;
  notBeforeMs = 0; // monotonic clock

  constructor(perHost: number) {
    this.limit = pLimit(perHost);
  }
}

/** Limits the attempts at each host, and repeats those that may succeed another time. */
export class Retries {
  readonly #perHost: number;
  readonly #hosts = new Map<string, Host>();

  constructor(perHost: number) {
    this.#perHost = perHost;
  }

  /** @throws The error of the last attempt; the signal's reason */
  async run<Result>(host: string, attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    return await pRetry(() => this.#attempt(host, attempt, signal), {
      retries: RETRIES,
      minTimeout: FIRST_RETRY_MS,
      maxTimeout: MAX_RETRY_MS,
      randomize: true, // so that images which failed together do not come again together
      signal,
      shouldRetry: ({ error }) => isTransient(error) && (retryAfterOf(error) ?? 0) <= MAX_RETRY_AFTER_MS,
    });
  }

  async #attempt<Result>(name: string, attempt: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
    const host = this.#hosts.get(name) ?? new Host(this.#perHost);
    this.#hosts.set(name, host);
    try {
      return await host.limit(async () => {
        signal.throwIfAborted();
        const waitMs = host.notBeforeMs - performance.now();
        if (waitMs > 0) await sleep(waitMs, undefined, { signal });
        return await attempt();
      });
    } catch (error) {
      const waitMs = Math.min(retryAfterOf(error) ?? 0, MAX_RETRY_AFTER_MS);
      host.notBeforeMs = Math.max(host.notBeforeMs, performance.now() + waitMs);
      throw error;
    } finally {
      const isIdle = host.limit.activeCount + host.limit.pendingCount === 0;
      if (isIdle && host.notBeforeMs <= performance.now()) this.#hosts.delete(name);
    }
  }
}
