import { PreannotateError, systemCodeOf, type Failure } from '../core/errors.js';

/** Only clients of the server name URLs, so that the hint is for them. */
function forClients(failure: Failure, cause?: unknown): PreannotateError {
  return new PreannotateError({ ...failure, clientHint: failure.hint }, cause);
}

/** Why a URL is refused; not for clients of the server. */
export type Refusal = 'private address' | 'address' | 'unknown host' | 'host' | 'redirect' | 'redirect host' | 'form';

/**
 * The one answer for every URL that must not be fetched. It gives no reason, and covers host names that do not exist,
 * so that clients learn nothing about the networks that this server can reach.
 */
export class UrlRefusedError extends PreannotateError {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    const hint =
      'The server fetches public http and https URLs, without a user name or password in them; send other images as ' +
      'image_base64 or as a file.';
    const message = 'image_url is not an address that this server fetches from, or its host is unknown.';
    super({ code: 'URL_REFUSED', message, hint, clientHint: hint });
    this.refusal = refusal;
  }
}

/** @param refusal - Why; `form` covers what the text of the URL alone decides. */
export function urlRefusedError(refusal: Refusal = 'form'): UrlRefusedError {
  return new UrlRefusedError(refusal);
}

/**
 * For a port that is not open, of a host that may be fetched from. It depends on the URL and the options of the server
 * alone, so that it reveals nothing about networks.
 */
export function portRefusedError(port: string): PreannotateError {
  return forClients({
    code: 'URL_REFUSED',
    message: `image_url leads to port ${port}, which this server does not fetch from.`,
    hint:
      'This server fetches from ports 80, 443, 8080 and 8443; its operator can open others. Send the image as ' +
      'image_base64 or as a file instead.',
  });
}

/** For a text that is not a URL. */
export function urlInvalidError(reason: string): PreannotateError {
  return forClients({
    code: 'URL_INVALID',
    message: `image_url ${reason}.`,
    hint: 'Give a complete address, such as https://example.org/photo.jpg.',
  });
}

/** An address that may be fetched and gave no image. */
export class FetchFailedError extends PreannotateError {
  readonly reason: string; // completes "could not be fetched:"

  constructor(reason: string, cause?: unknown) {
    const hint =
      'Check that the address opens as an image without signing in, or send the image as image_base64 or as a file.';
    const message = `image_url could not be fetched: ${reason}.`;
    super({ code: 'URL_FETCH_FAILED', message, hint, clientHint: hint }, cause);
    this.reason = reason;
  }
}

/** @param reason - Completes "image_url could not be fetched:". */
export function fetchFailedError(reason: string, cause?: unknown): FetchFailedError {
  return new FetchFailedError(reason, cause);
}

/** An answer with another status than 200. */
export class FetchStatusError extends FetchFailedError {
  readonly origin: string; // of the server that answered, which may be the target of a redirect
  readonly status: number;
  readonly retryAfter: string; // header, empty where there is none

  constructor(origin: string, status: number, retryAfter = '') {
    super(`its server answered with status ${status}`);
    this.origin = origin;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** For an address that may be fetched and was too slow. */
export function fetchTimeoutError(cause?: unknown): PreannotateError {
  return forClients(
    {
      code: 'URL_TIMEOUT',
      message: 'image_url could not be fetched in time.',
      hint: 'Try again later, or send the image as image_base64 or as a file.',
    },
    cause,
  );
}

/** For an answer of more bytes than allowed, by its headers or its body. */
export function imageTooLargeError(maxBytes: number): PreannotateError {
  return forClients({
    code: 'IMAGE_TOO_LARGE',
    message: `image_url has more than the ${maxBytes} bytes allowed.`,
    hint: 'Use a smaller version of the image.',
  });
}

/** Turns an error of a socket or of undici into one for clients; any other error is a bug and stays as it is. */
export function toFetchError(error: unknown): unknown {
  if (error instanceof PreannotateError) return error;
  if (error instanceof Error && error.name === 'HTTPParserError') {
    return fetchFailedError('its server does not speak proper HTTP', error);
  }
  const code = systemCodeOf(error);
  if (code === undefined) return error;
  const [, name] = ERRORS_BY_CODE.find(([pattern]) => pattern.test(code)) ?? [];
  return name === undefined
    ? fetchFailedError(`the connection to its server failed (${code})`, error)
    : name(error, code);
}

const ERRORS_BY_CODE: readonly (readonly [RegExp, (error: unknown, code: string) => PreannotateError])[] = [
  // One message for a closed port, a silent one and an unreachable host, so that clients cannot scan for hosts.
  [
    /^(ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|UND_ERR_CONNECT_TIMEOUT)$/,
    (error) => fetchFailedError('its host does not accept connections', error),
  ],
  [/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/, (error) => fetchTimeoutError(error)],
  [
    /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_)/,
    (error, code) => fetchFailedError(`no trusted TLS connection to its host is possible (${code})`, error),
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    (error) => fetchFailedError('the connection ended before the whole answer was sent', error),
  ],
  [/^UND_ERR_HEADERS_OVERFLOW$/, (error) => fetchFailedError('its server sends too many headers', error)],
];
