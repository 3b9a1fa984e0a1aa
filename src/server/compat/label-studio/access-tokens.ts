import { performance } from 'node:perf_hooks';
import type { Dispatcher } from 'undici';
import { z } from 'zod';
import { PreannotateError } from '../../../core/errors.js';
import { collectBody, sendRequest } from '../../../net/send-get.js';
import { fetchFailedError, toFetchError } from '../../../net/url-errors.js';
import type { UrlPolicy } from '../../../net/url-policy.js';
import { exchangeFailedError } from './token-errors.js';

/** The answer of Label Studio's `TokenRefreshView`; the token must fit into a header. */
const RefreshAnswer = z.object({ access: z.string().regex(/^[\x21-\x7e]{1,8192}$/) });

/** `exp` and `iat` of a JWT (RFC 7519), in seconds. */
const Lifetime = z.object({ exp: z.number(), iat: z.number() });

const MAX_ANSWER_BYTES = 65_536;

/** A token is renewed before it expires: with an expired one, some addresses answer 404 or a sign-in page, not 401. */
const USED_SHARE = 0.9;

interface AccessToken {
  readonly text: string;
  readonly staleAtMs: number; // by performance.now()
}

/** Where a personal access token is exchanged. */
interface Exchange {
  readonly url: URL;
  readonly refreshToken: string;
  readonly policy: UrlPolicy; // of other fetches
}

/**
 * Access tokens for a personal access token, which is itself a refresh token. One is used until it is refused or about
 * to expire; concurrent callers share one renewal.
 */
export class AccessTokens {
  readonly #exchange: Exchange;
  #token: AccessToken | undefined;
  #renewal: Promise<AccessToken> | undefined;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /**
   * @param refused - A token that Label Studio has refused.
   * @throws PreannotateError URL_FETCH_FAILED
   */
  async get(refused?: string): Promise<string> {
    const token = this.#token;
    const isFresh = token !== undefined && token.text !== refused && performance.now() < token.staleAtMs;
    if (this.#renewal === undefined && isFresh) return token.text;
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined));
    return (await this.#renewal).text;
  }

  async #renew(): Promise<AccessToken> {
    const text = await exchangeToken(this.#exchange);
    this.#token = { text, staleAtMs: performance.now() + USED_SHARE * lifetimeMsOf(text) };
    return this.#token;
  }
}

/** Not by the time of day of the token, so that the two clocks may differ; Infinity where the token does not say. */
function lifetimeMsOf(token: string): number {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
    const { exp, iat } = Lifetime.parse(JSON.parse(payload));
    return (exp - iat) * 1000;
  } catch {
    return Infinity; // it is used until it is refused
  }
}

/** A redirect is not followed: it would take the token elsewhere. */
async function exchangeToken({ url, refreshToken, policy }: Exchange): Promise<string> {
  const headers = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': 'preannotate',
  };
  const message = { method: 'POST', headers, body: JSON.stringify({ refresh: refreshToken }) } as const;
  const signal = AbortSignal.timeout(policy.timeoutMs);
  try {
    return await sendRequest(url, message, { policy: { ...policy, allowPrivate: true }, signal, read: readAnswer });
  } catch (error) {
    const named = signal.aborted ? fetchFailedError('its server did not answer in time', error) : toFetchError(error);
    throw named instanceof PreannotateError ? exchangeFailedError(url.pathname, named) : named;
  }
}

async function readAnswer({ statusCode, body }: Dispatcher.ResponseData): Promise<string> {
  if (statusCode !== 200) throw fetchFailedError(`its server answered with status ${statusCode}`);
  const bytes = await collectBody(body, { maxBytes: MAX_ANSWER_BYTES });
  try {
    return RefreshAnswer.parse(JSON.parse(Buffer.from(bytes).toString())).access;
  } catch {
    throw fetchFailedError('its server answered without an access token'); // not with the answer, which may hold one
  }
}
