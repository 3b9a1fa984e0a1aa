import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import pLimit, { type LimitFunction } from 'p-limit';
import type { FailureCode } from '../../core/errors.js';
import type { Stage } from '../../http/metrics.js';
import { RequestError } from '../../http/request-error.js';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
}

/** Of one request, so that it cannot make the server flood another one. */
const FETCHES_AT_ONCE = 8;

/** Images of one request that are fetched and not yet annotated: enough for the next batches, not a long list. */
const LOADED_AT_ONCE = 16;

/** A timer of Node with a longer delay fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A client that reads nothing of its answer for this time is cut off: it would keep the server from stopping. */
const STALLED_READER_MS = 30_000;
const MAX_SENDING_MS = 600_000; // for a client that reads slowly

/** One request, from its headers to the end of its answer. */
export class RequestContext {
  readonly startedMs = performance.now();
  /** Aborted when the client is gone, or the deadline has passed; the reason says which. */
  readonly signal: AbortSignal;
  failure: FailureCode | undefined; // of its answer
  boxes: number | undefined; // of all its images, once one is annotated
  readonly #controller = new AbortController();
  // Made when they are used: most requests fetch nothing.
  #limitFetches: LimitFunction | undefined;
  #limitLoaded: LimitFunction | undefined;
  readonly #times = new Map<Stage, number>();
  readonly #response: ServerResponse;
  #deadline: NodeJS.Timeout | undefined;
  #sending: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.signal = this.#controller.signal; // Fastify's own is aborted at once on every POST with a body (Node 20)
    setMaxListeners(0, this.signal); // each image of a batch listens
  }

  /** Limits how many images are fetched at once. */
  get limitFetches(): LimitFunction {
    return (this.#limitFetches ??= pLimit(FETCHES_AT_ONCE));
  }

  /** Limits how many images are loaded at once: from before an image is fetched until it is annotated. */
  get limitLoaded(): LimitFunction {
    return (this.#limitLoaded ??= pLimit(LOADED_AT_ONCE));
  }

  /** The answer is sent, or the connection is closed. Called once; no timer runs or is started afterwards. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#sending);
    if (this.#response.writableFinished) return;
    this.failure = 'CLIENT_GONE';
    this.#controller.abort(new RequestError('CLIENT_GONE', 'The client is gone.'));
  }

  /** Starts the deadline; Infinity for none. */
  setDeadline(ms: number): void {
    if (this.#isOver || ms > MAX_TIMER_MS) return;
    const late = () =>
      this.#controller.abort(new RequestError('DEADLINE_PASSED', `There was no answer within ${ms} ms.`));
    this.#deadline = setTimeout(late, ms);
  }

  /** Starts the time limits for the client to read the answer, once all of it is known. */
  beginSending(): void {
    if (this.#isOver) return;
    const cut = () => {
      this.failure = 'CLIENT_GONE';
      this.#response.destroy();
    };
    this.#response.setTimeout(STALLED_READER_MS, cut); // restarts whenever some of the answer is sent
    this.#sending ??= setTimeout(cut, MAX_SENDING_MS);
  }

  /** Records how long a stage took; of several images, the longest time counts. */
  recordStage(stage: Stage, ms: number): void {
    this.#times.set(stage, Math.max(ms, this.#times.get(stage) ?? 0));
  }

  get times(): ReadonlyMap<Stage, number> {
    return this.#times;
  }

  /** Value of the Server-Timing header: the stages so far, and the total. */
  get serverTiming(): string {
    const stages = [...this.#times, ['total', performance.now() - this.startedMs] as const];
    return stages.map(([stage, ms]) => `${stage};dur=${ms.toFixed(1)}`).join(', ');
  }
}
