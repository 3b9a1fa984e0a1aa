import { sendGet } from './send-get.js';
import { fetchFailedError, fetchTimeoutError, toFetchError } from './url-errors.js';
import { resolveAllowedRedirect, parseAllowedUrl, type UrlPolicy } from './url-policy.js';

/**
 * Fetches the image at a client's URL, only from where the policy allows: every host, redirect targets included, is
 * looked up once, all its addresses are checked, and the connection goes to one of these.
 *
 * @returns The body of the 200 answer, at least one byte and at most `policy.maxBytes`; it may not be an image.
 * @throws PreannotateError URL_INVALID, URL_REFUSED, URL_FETCH_FAILED, URL_TIMEOUT, IMAGE_TOO_LARGE; the signal's
 *   reason
 */
export async function fetchImage(text: string, policy: UrlPolicy, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  using deadline = startDeadline(policy.timeoutMs, signal);
  try {
    return await followRedirects(parseAllowedUrl(text, policy), policy, deadline.signal);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    throw toFetchError(error);
  }
}

async function followRedirects(first: URL, policy: UrlPolicy, signal: AbortSignal): Promise<Uint8Array> {
  let url = first;
  for (let redirects = 0; redirects <= policy.maxRedirects; redirects++) {
    const answer = await sendGet(url, policy, signal);
    if ('bytes' in answer) return answer.bytes;
    url = resolveAllowedRedirect(answer.location, url, policy);
  }
  throw fetchFailedError(`it was redirected more than ${policy.maxRedirects} times`);
}

/** Aborts with the client's signal or when the time is up; on disposal, removes its listener from that signal. */
function startDeadline(timeoutMs: number, client: AbortSignal) {
  const controller = new AbortController();
  const leave = () => controller.abort(client.reason);
  client.addEventListener('abort', leave, { once: true });
  const timer = setTimeout(() => controller.abort(fetchTimeoutError()), timeoutMs);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      client.removeEventListener('abort', leave);
    },
  };
}
