import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { PreannotateError, messageOf, systemCodeOf } from '../core/errors.js';
import type { HubEnvironment } from './environment.js';

const MAX_REDIRECTS = 8;
const RETRIES = 4; // after 0.3, 0.6, 1.2 and 2.4 s
const ATTEMPTS_ALONE = 3; // while no server has answered at all, there is probably no network
const FIRST_RETRY_MS = 300;
const MAX_RETRY_AFTER_MS = 300_000; // a hub that says more is not waited for

/** A server's response, after redirects. */
export interface HubResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Dispatcher.ResponseData['body'];
}

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: Readonly<Record<string, string>>;
  readonly totalMs?: number; // for the whole answer; else only a standstill ends it
  readonly isEnough?: (headers: IncomingHttpHeaders) => boolean; // a redirect that says it all is not followed
}

/** An error that may not occur on another attempt. */
export class TransientError extends Error {
  readonly retryAfterMs: number;
  readonly madeProgress: boolean; // the try brought the work forward, so it does not count as one

  constructor(message: string, { retryAfterMs = 0, madeProgress: gotOn = false, cause }: Partial<TransientError> = {}) {
    super(message, { cause });
    this.name = 'Passing';
    this.retryAfterMs = retryAfterMs;
    this.madeProgress = gotOn;
  }
}

/** Requests to the hub and to where it sends us. Whoever makes it disposes of it. */
export class Http implements AsyncDisposable {
  readonly #agent: EnvHttpProxyAgent;
  readonly #environment: HubEnvironment;
  readonly #signal: AbortSignal | undefined;
  #reached = false;

  constructor(environment: HubEnvironment, signal?: AbortSignal) {
    const { http, https, none } = environment.proxies;
    this.#agent = new EnvHttpProxyAgent({
      ...(http === undefined ? {} : { httpProxy: http }),
      ...(https === undefined ? {} : { httpsProxy: https }),
      ...(none === undefined ? {} : { noProxy: none }),
      headersTimeout: environment.downloadTimeoutMs,
      bodyTimeout: environment.downloadTimeoutMs,
      connect: { timeout: environment.etagTimeoutMs },
    });
    this.#environment = environment;
    this.#signal = signal;
  }

  /** Sends a request, and follows redirects. The token goes to the endpoint only, and never after a redirect has left it. */
  async send(start: string, ask: RequestOptions = {}): Promise<HubResponse> {
    const { endpoint, token } = this.#environment;
    const home = new URL(endpoint).origin;
    const secret = await token();
    let url = new URL(start);
    let atHome = true;
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      atHome &&= url.origin === home;
      const answer = await this.#once(url, ask, atHome ? secret : undefined);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status >= 400 || location === undefined) return answer;
      if (ask.isEnough?.(answer.headers)) return answer;
      await answer.body.dump();
      url = resolveRedirect(url, location);
    }
    throw new TransientError(`${start} redirects more than ${MAX_REDIRECTS} times`);
  }

  /** Tries again what failed in passing, waiting longer each time, or as long as the server asks. */
  async withRetries<Result>(action: () => Promise<Result>): Promise<Result> {
    const signal = this.#signal;
    return pRetry(() => action().catch(throwTransient), {
      retries: RETRIES,
      minTimeout: FIRST_RETRY_MS,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error, attemptNumber }) => {
        const mayHelp = this.#reached || attemptNumber < ATTEMPTS_ALONE;
        return mayHelp && error instanceof TransientError && error.retryAfterMs <= MAX_RETRY_AFTER_MS;
      },
      shouldConsumeRetry: ({ error }) => !(error instanceof TransientError && error.madeProgress),
      onFailedAttempt: async ({ error, retriesLeft }) => {
        signal?.throwIfAborted();
        if (!(error instanceof TransientError) || retriesLeft === 0 || error.retryAfterMs > MAX_RETRY_AFTER_MS) return;
        const waitMs = Math.max(error.retryAfterMs, error.madeProgress ? FIRST_RETRY_MS : 0);
        await sleep(waitMs, undefined, signal === undefined ? {} : { signal });
      },
    }).catch((error: unknown) => {
      signal?.throwIfAborted(); // its reason, not what the abort broke
      throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #once(
    url: URL,
    { method = 'GET', headers, totalMs }: RequestOptions,
    token: string | undefined,
  ): Promise<HubResponse> {
    const signals = [...(this.#signal ? [this.#signal] : []), ...(totalMs ? [AbortSignal.timeout(totalMs)] : [])];
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await request(url, {
      method,
      dispatcher: this.#agent,
      headers: { 'user-agent': 'preannotate', 'accept-encoding': 'identity', ...headers, ...authorization },
      ...(signals.length > 0 ? { signal: AbortSignal.any(signals) } : {}),
    });
    this.#reached = true;
    return { url, status: response.statusCode, headers: response.headers, body: response.body };
  }
}

function resolveRedirect(from: URL, location: string): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && from.protocol === 'http:')) return url;
  throw new PreannotateError({
    code: 'MODEL_DOWNLOAD_FAILED',
    message: `${from.origin} redirects to "${location.slice(0, 200)}", which is not a safe address.`,
    hint: 'A proxy or another network may be in between: check HF_ENDPOINT and the proxy settings.',
  });
}

/** What undici and the system throw about connections, as something that may pass; all else as it is. */
function throwTransient(error: unknown): never {
  if (error instanceof TransientError || error instanceof PreannotateError) throw error;
  const code = systemCodeOf(error) ?? '';
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  const isConnection = /^(?:UND_ERR_|E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|PROTO))/.test(code);
  if (!isTimeout && !isConnection) throw error;
  throw new TransientError(isTimeout || code.endsWith('TIMEOUT') ? 'no answer in time' : messageOf(error), {
    cause: error,
  });
}
