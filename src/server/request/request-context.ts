import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import pLimit from 'p-limit';
import type { FailureCode } from '../../core/errors.js';
import type { Stage } from '../http/metrics.js';
import { RequestError } from '../http/request-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
}

/** For one request; it is not to be a way to have the server flood another one. */
const FETCHES_AT_ONCE = 8;

/** Images of one request that were fetched and are not annotated yet: enough for the next batches, and not all of a long list. */
const LOADED_AT_ONCE = 16;

/** Beyond it, a timer of Node fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A client that reads nothing of its answer for so long would hold its connection, and keep the server from stopping. */
const STALLED_READER_MS = 30_000;
const MAX_SENDING_MS = 600_000; // however slowly it reads

/** One request, from its headers to the end of its answer. */
export class RequestContext {
  readonly startedMs = performance.now();
  /** Aborted when the client is gone, or the deadline has passed; the reason says which. */
  readonly signal: AbortSignal;
  failure: FailureCode | undefined; // what it was answered with
  readonly #controller = new AbortController();
  /** Images by URL are fetched so many at once. */
  readonly limitFetches = pLimit(FETCHES_AT_ONCE);
  /** From before it is fetched until it is annotated. */
  readonly limitLoaded = pLimit(LOADED_AT_ONCE);
  readonly #times = new Map<Stage, number>();
  readonly #response: ServerResponse;
  #deadline: NodeJS.Timeout | undefined;
  #sending: NodeJS.Timeout | undefined;

  /**
   * Fastify's own `request.signal` is aborted at once on every POST with a body (Node 20), so this listens to the response.
   *
   * @param onEnd - Called once, when the answer is out or the connection is gone.
   */
  constructor(response: ServerResponse, onEnd: (context: RequestContext) => void) {
    this.#response = response;
    this.signal = this.#controller.signal;
    setMaxListeners(0, this.signal); // each image of a batch listens
    response.once('close', () => {
      clearTimeout(this.#deadline);
      clearTimeout(this.#sending);
      if (!response.writableFinished) {
        this.failure = 'CLIENT_GONE';
        this.#controller.abort(new RequestError('CLIENT_GONE', 'The client is gone.'));
      }
      onEnd(this);
    });
  }

  /** From now on the request has so long, wherever it is by then; Infinity: as long as it takes. */
  setDeadline(ms: number): void {
    if (ms > MAX_TIMER_MS) return;
    const late = () =>
      this.#controller.abort(new RequestError('DEADLINE_PASSED', `There was no answer within ${ms} ms.`));
    this.#deadline = setTimeout(late, ms);
  }

  /** All of the answer is known: from now on it is up to the client to take it. */
  beginSending(): void {
    const cut = () => {
      this.failure = 'CLIENT_GONE';
      this.#response.destroy();
    };
    this.#response.setTimeout(STALLED_READER_MS, cut); // begins anew whenever the system has taken some of it
    this.#sending ??= setTimeout(cut, MAX_SENDING_MS);
  }

  /** Notes how long a stage took; the longest of several images counts. */
  recordStage(stage: Stage, ms: number): void {
    this.#times.set(stage, Math.max(ms, this.#times.get(stage) ?? 0));
  }

  get times(): ReadonlyMap<Stage, number> {
    return this.#times;
  }

  /** Value of the Server-Timing header: the stages so far, and all of the time. */
  get serverTiming(): string {
    const stages = [...this.#times, ['total', performance.now() - this.startedMs] as const];
    return stages.map(([stage, ms]) => `${stage};dur=${ms.toFixed(1)}`).join(', ');
  }
}
