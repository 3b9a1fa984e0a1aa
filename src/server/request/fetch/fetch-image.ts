import { errors } from 'undici';
import { PreannotateError, systemCodeOf } from '../../../core/errors.js';
import { ask } from './ask.js';
import { failed, timedOut } from './url-errors.js';
import { allowedRedirect, allowedUrl, type UrlPolicy } from './url-policy.js';

/**
 * Fetches the image behind a URL that a client sent, from nowhere but where the policy allows: every host, the first and
 * each one redirected to, is looked up once, all its addresses are checked, and the connection goes to one of these.
 *
 * @returns The body of the 200 answer, at least one byte and at most `policy.maxBytes`. What it holds is for the decoder to say.
 * @throws PreannotateError URL_INVALID, URL_REFUSED, URL_FETCH_FAILED, URL_TIMEOUT, IMAGE_TOO_LARGE; the signal's reason
 */
export async function fetchImage(text: string, policy: UrlPolicy, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  using deadline = deadlineOf(policy.timeoutMs, signal);
  try {
    return await follow(allowedUrl(text, policy), policy, deadline.signal);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw nameable(error);
  }
}

async function follow(first: URL, policy: UrlPolicy, signal: AbortSignal): Promise<Uint8Array> {
  let url = first;
  for (let redirects = 0; redirects <= policy.maxRedirects; redirects++) {
    const answer = await ask(url, policy, signal);
    if ('bytes' in answer) return answer.bytes;
    url = allowedRedirect(answer.location, url, policy);
  }
  throw failed(`it was redirected more than ${policy.maxRedirects} times`);
}

/** Aborts when the client's signal does, or when the time is up; leaves nothing behind on a signal that lives longer. */
function deadlineOf(timeoutMs: number, client: AbortSignal) {
  const controller = new AbortController();
  const leave = () => controller.abort(client.reason);
  client.addEventListener('abort', leave, { once: true });
  const timer = setTimeout(() => controller.abort(timedOut()), timeoutMs);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      client.removeEventListener('abort', leave);
    },
  };
}

/** What went wrong between sockets, in words; anything that is no system error is a bug and stays as it is. */
function nameable(error: unknown): unknown {
  if (error instanceof PreannotateError) return error;
  if (error instanceof errors.HTTPParserError) return failed('its server does not speak proper HTTP', error);
  const code = systemCodeOf(error);
  if (code === undefined) return error;
  const [, name] = NAMES.find(([pattern]) => pattern.test(code)) ?? [];
  return name === undefined ? failed(`its server could not be talked to (${code})`, error) : name(error, code);
}

const NAMES: readonly (readonly [RegExp, (error: unknown, code: string) => PreannotateError])[] = [
  // One text for a closed port, a silent one and an unreachable host: a stranger may use us to look for them.
  [
    /^(ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|EACCES|UND_ERR_CONNECT_TIMEOUT)$/,
    (error) => failed('its host does not accept connections', error),
  ],
  [/^UND_ERR_(HEADERS|BODY)_TIMEOUT$/, (error) => timedOut(error)],
  [
    /^(ERR_TLS_|ERR_SSL_|EPROTO$|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_)/,
    (error, code) => failed(`no trusted TLS connection to its host is possible (${code})`, error),
  ],
  [
    /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH_MISMATCH)$/,
    (error) => failed('the connection ended before the whole image was sent', error),
  ],
  [/^UND_ERR_HEADERS_OVERFLOW$/, (error) => failed('its server sends too many headers', error)],
];
