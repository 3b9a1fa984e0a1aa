import { PreannotateError, systemCodeOf, type Failure } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { FetchSettings } from './fetch-settings.js';
import {
  FetchFailedError,
  FetchStatusError,
  toFetchError,
  UrlRefusedError,
  type Refusal,
} from '../../net/url-errors.js';

const RETRIED_STATUS: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Errors of connections, name servers and cut answers. Those of TLS and of wrong answers stay the same. */
const RETRIED_CODE =
  /^(?:E(?:CONN|TIME|HOST|NET|PIPE|AI_AGAIN|SERVFAIL|REFUSED)|UND_ERR_(?:SOCKET|CONNECT|HEADERS_T|BODY_T|RES_CONTENT))/;

const AGAIN = 'The same command tries failed images again.';

/** Why a storage did not give something. */
export interface StorageProblem {
  readonly reason: string; // completes "could not be fetched:" and "cannot be listed:"
  readonly hint: string;
  /** Which options may be wrong: those of the place (endpoint, path style), or also whether requests are signed. */
  readonly ofOptions: 'place' | 'place and access' | undefined;
}

/** An image that its storage did not give, and what to do about it. */
export class StorageFetchError extends FetchFailedError {
  readonly advice: string;
  readonly ofOptions: StorageProblem['ofOptions'];

  constructor({ reason, hint, ofOptions }: StorageProblem) {
    super(reason, new Error(reason));
    this.advice = hint;
    this.ofOptions = ofOptions;
  }
}

/** Whether another attempt may succeed. @param error - As {@link toAttemptError} gives it */
export function isTransient(error: unknown): boolean {
  if (error instanceof FetchStatusError) return RETRIED_STATUS.has(error.status);
  if (error instanceof FetchFailedError) return RETRIED_CODE.test(systemCodeOf(error.cause) ?? '');
  return error instanceof PreannotateError && error.code === 'URL_TIMEOUT';
}

/** Milliseconds that a server asks to wait; undefined where it does not. */
export function retryAfterOf(error: unknown): number | undefined {
  if (!(error instanceof FetchStatusError) || error.retryAfter === '') return undefined;
  const { retryAfter } = error;
  const waitMs = /^\d+$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

/** What an attempt threw, as an error of `net`, where it is one of connections. */
export function toAttemptError(error: unknown): unknown {
  const isMismatch = error instanceof Error && /^checksum mismatch/i.test(error.message);
  return isMismatch ? cutShortError(error) : toFetchError(error);
}

/** For a body that is not the whole one. */
export function cutShortError(cause?: unknown): FetchFailedError {
  const code = 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
  return new FetchFailedError(
    'the connection ended before the whole answer was sent',
    Object.assign(new Error(code, { cause }), { code }),
  );
}

/**
 * The failure of an image that could not be fetched. Its message has the name of the image and nothing else of its
 * address.
 */
export function toImageError(error: unknown, name: string, settings: FetchSettings): PreannotateError {
  const { maxBytes, timeoutMs } = settings;
  const again = settings.isAgain === true ? adviseOptions(error, settings) : '';
  const fail = (code: Failure['code'], reason: string, hint: string) =>
    new PreannotateError({ code, message: `${printable(name)} could not be fetched: ${reason}${again}.`, hint }, error);
  if (error instanceof UrlRefusedError) return fail(error.code, ...REFUSALS[error.refusal]);
  if (error instanceof FetchStatusError) return fail(error.code, error.reason, hintOf(error.status));
  if (error instanceof StorageFetchError) return fail(error.code, error.reason, error.advice);
  if (error instanceof FetchFailedError) return fail(error.code, error.reason, `Check the address. ${AGAIN}`);
  if (!(error instanceof PreannotateError)) return fail('URL_FETCH_FAILED', 'an unexpected error occurred', AGAIN);
  if (error.code === 'URL_TIMEOUT') {
    const limit = `Raise --fetch-timeout if it is slow but works. ${AGAIN}`;
    return fail(error.code, `its server did not send it within ${timeoutMs / 1000} s`, limit);
  }
  if (error.code === 'IMAGE_TOO_LARGE') {
    return fail(
      error.code,
      `it has more than the ${maxBytes} bytes allowed`,
      'If this really is an image, raise --max-bytes.',
    );
  }
  if (error.code === 'URL_REFUSED')
    return fail(error.code, 'its port is not open to this command', 'Check the address.');
  return fail(error.code, error.message.replace(/\.$/, ''), error.hint);
}

/** Of a command that fetches what a run has fetched: which options of that run may be missing. */
function adviseOptions(error: unknown, { allowPrivate, s3 }: FetchSettings): string {
  if (error instanceof UrlRefusedError && error.refusal === 'private address' && !allowPrivate)
    return '; give it again: a run does not store it';
  if (!(error instanceof StorageFetchError) || error.ofOptions === undefined) return '';
  const missing = [
    ...(s3.endpoint === undefined ? ['--s3-endpoint'] : []),
    ...(s3.pathStyle ? [] : ['--s3-path-style']),
    ...(s3.unsigned || error.ofOptions === 'place' ? [] : ['--s3-no-sign-request']),
  ];
  return missing.length === 0 ? '' : `; give ${missing.join(', ')} again, if the run had them: they are not stored`;
}

const REFUSALS: Readonly<Record<Refusal, readonly [reason: string, hint: string]>> = {
  'private address': [
    'its host has an address of a private network or of this machine, which needs --allow-private',
    'Add --allow-private, if you trust the addresses. Link-local addresses and those of cloud services are never used.',
  ],
  address: [
    'its host has an address that is never connected to',
    'Link-local addresses, those of cloud services, reserved ones and those that embed another address are never used.',
  ],
  'unknown host': ['its host does not exist', 'Check the address.'],
  redirect: [
    'it redirects to an address that is not safe to follow',
    'Give the address that it leads to, if you trust it.',
  ],
  host: ['its host is not among those that are allowed', 'Check the address, and --allow-host.'],
  'redirect host': [
    'it redirects to a host that is not among those that are allowed',
    'Give the address that it leads to, or start the workers with an --allow-host for that host too.',
  ],
  form: ['its address is not one that images are fetched from', 'Check the address.'],
};

function hintOf(status: number): string {
  if (status === 401 || status === 403) {
    return (
      'The server refuses access. A signed address may have expired; where a user name and a password are needed, ' +
      'write https://user:password@host/path.'
    );
  }
  if (status === 404 || status === 410)
    return 'There is no such image: correct the address, or remove it from the list.';
  return RETRIED_STATUS.has(status) ? AGAIN : 'Check the address.';
}
