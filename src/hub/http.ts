import type { IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { PreannotateError, messageOf, systemCodeOf } from '../core/errors.js';
import type { HubEnvironment } from './environment.js';

const MAX_REDIRECTS = 8;
const RETRIES = 4; // after 0.3, 0.6, 1.2 and 2.4 s
const OFFLINE_ATTEMPTS = 3; // while no server has responded, there is probably no network
const FIRST_RETRY_MS = 300;
const MAX_RETRY_AFTER_MS = 300_000; // a longer Retry-After fails the request instead

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
  readonly totalMs?: number; // limit for the whole response; without it, only a stalled connection times out
  readonly isEnough?: (headers: IncomingHttpHeaders) => boolean; // true: do not follow this redirect
}

/** An error that may not occur on another attempt. */
export class TransientError extends Error {
  readonly retryAfterMs: number;
  readonly madeProgress: boolean; // the attempt made progress, so it does not use up a retry

  constructor(message: string, { retryAfterMs = 0, madeProgress = false, cause }: Partial<TransientError> = {}) {
    super(message, { cause });
    this.name = 'TransientError';
    this.retryAfterMs = retryAfterMs;
    this.madeProgress = madeProgress;
  }
}

/** Sends requests to the hub and follows its redirects. The caller disposes of it. */
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

  /**
   * Sends a request and follows redirects. The token is sent to the endpoint only, and never again after a redirect to
   * another host.
   */
  async send(start: string, options: RequestOptions = {}): Promise<HubResponse> {
    const { endpoint, token } = this.#environment;
    const endpointOrigin = new URL(endpoint).origin;
    const endpointToken = await token();
    let url = new URL(start);
    let mayAuthorize = true; // no redirect has left the endpoint
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      mayAuthorize &&= url.origin === endpointOrigin;
      const response = await this.#sendOnce(url, options, mayAuthorize ? endpointToken : undefined);
      const { location } = response.headers;
      if (response.status < 300 || response.status >= 400 || location === undefined) return response;
      if (options.isEnough?.(response.headers)) return response;
      await response.body.dump();
      url = resolveRedirect(url, location);
    }
    throw new TransientError(`${start} redirects more than ${MAX_REDIRECTS} times`);
  }

  /** Retries transient errors with exponential backoff, or after the delay in the server's Retry-After. */
  async withRetries<Result>(action: () => Promise<Result>): Promise<Result> {
    const signal = this.#signal;
    return pRetry(() => action().catch(throwTransient), {
      retries: RETRIES,
      minTimeout: FIRST_RETRY_MS,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error, attemptNumber }) => {
        const mayHelp = this.#reached || attemptNumber < OFFLINE_ATTEMPTS;
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
      signal?.throwIfAborted(); // throw the reason of the abort, not the error that it caused
      throw error;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }

  async #sendOnce(
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
    hint: 'A proxy may intercept requests: check HF_ENDPOINT and the proxy settings.',
  });
}

/** Rethrows connection errors of undici and the system as TransientError, and all other errors unchanged. */
function throwTransient(error: unknown): never {
  if (error instanceof TransientError || error instanceof PreannotateError) throw error;
  const code = systemCodeOf(error) ?? '';
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  const isConnection = /^(?:UND_ERR_|E(?:CONN|HOST|NET|PIPE|TIMEDOUT|NOTFOUND|AI_AGAIN|PROTO))/.test(code);
  if (!isTimeout && !isConnection) throw error;
  throw new TransientError(isTimeout || code.endsWith('TIMEOUT') ? 'no response in time' : messageOf(error), {
    cause: error,
  });
}
