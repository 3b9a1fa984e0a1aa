import { Client, type Dispatcher } from 'undici';
import { createConnector } from './connector.js';
import { GrowingBuffer } from './growing-buffer.js';
import { resolveAllowed } from './resolve-host.js';
import { fetchFailedError, FetchStatusError, imageTooLargeError } from './url-errors.js';
import type { UrlPolicy } from './url-policy.js';

/** The image, or the target of a redirect. */
export type GetResult = { readonly bytes: Uint8Array } | { readonly location: string };

/**
 * The same for every fetch, except for the credentials of a trusted host. Compressed answers are not requested: 200 KB
 * of gzip can hold 200 MB.
 */
export const HEADERS = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'preannotate' };

export const MAX_HEADER_BYTES = 16_384;

/** A server that is silent for this share of the whole time (3 s of 5 s) is given up. */
const SILENCE_SHARE = 0.6;

/**
 * Sends one GET over a connection of its own and reads the answer. No proxy, cookie, referrer or redirect.
 *
 * @throws PreannotateError URL_REFUSED, URL_FETCH_FAILED, IMAGE_TOO_LARGE; errors of undici and of sockets; the
 *   signal's reason
 */
export function sendGet(url: URL, policy: UrlPolicy, signal: AbortSignal): Promise<GetResult> {
  const { trusted } = policy;
  const isTrusted = url.origin === trusted?.origin;
  const isBelow = isTrusted && `${url.pathname}/`.startsWith(`${trusted.path}/`);
  const headers = isBelow && trusted.authorization !== undefined ? { authorization: trusted.authorization } : {};
  const allowPrivate = policy.allowPrivate || isTrusted;
  const message = { method: 'GET', headers: { ...HEADERS, ...headers } } as const;
  const read = (response: Dispatcher.ResponseData) => readResponse(response, url, policy);
  return sendRequest(url, message, { policy: { ...policy, allowPrivate }, signal, read });
}

/** What is sent. */
interface Message {
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** How a message is sent, and its answer read, before the connection is closed. */
interface Exchange<Answer> {
  readonly policy: UrlPolicy;
  readonly signal: AbortSignal;
  readonly read: (response: Dispatcher.ResponseData) => Promise<Answer>;
}

/**
 * Sends one request to an address that the policy allows, over a connection of its own. Redirects are not followed.
 *
 * @throws PreannotateError URL_REFUSED, URL_FETCH_FAILED; errors of `read`, undici and sockets; the signal's reason
 */
export async function sendRequest<Answer>(
  url: URL,
  message: Message,
  { policy, signal, read }: Exchange<Answer>,
): Promise<Answer> {
  const addresses = await resolveAllowed(url.hostname, policy, signal);
  const silenceMs = Math.ceil(policy.timeoutMs * SILENCE_SHARE);
  const client = new Client(url.origin, {
    connect: createConnector(addresses, { allowPrivate: policy.allowPrivate, timeoutMs: silenceMs }),
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  try {
    const path = url.pathname + url.search;
    const response = await client.request({ ...message, path, reset: true, signal });
    response.body.on('error', () => {}); // of a body that is left unread when the client goes
    return await read(response);
  } finally {
    await client.destroy();
  }
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function readResponse(response: Dispatcher.ResponseData, url: URL, policy: UrlPolicy): Promise<GetResult> {
  const location = locationOf(response, url, policy);
  if (location !== undefined) return { location };
  const bytes = await collectBody(response.body, policy);
  if (bytes.length === 0) throw fetchFailedError('its server sent an empty answer');
  return { bytes };
}

/**
 * Checks the head of an answer.
 *
 * @returns Where it redirects to; undefined when its body may be the image.
 * @throws PreannotateError URL_FETCH_FAILED, IMAGE_TOO_LARGE
 */
export function locationOf(
  { statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>,
  { origin }: URL,
  policy: Pick<UrlPolicy, 'maxBytes'>,
): string | undefined {
  const location = Buffer.from(textOf(headers['location']), 'latin1').toString(); // UTF-8 on the wire
  if (REDIRECTS.has(statusCode) && location !== '') return location;
  if (statusCode !== 200) throw new FetchStatusError(origin, statusCode, textOf(headers['retry-after']));
  const [, page] = PAGE_TYPE.exec(textOf(headers['content-type'])) ?? [];
  if (page !== undefined) throw fetchFailedError(`its server answered with ${page.toLowerCase()}, not with an image`);
  if (!/^(identity)?$/i.test(textOf(headers['content-encoding']))) {
    throw fetchFailedError('its server answered with compressed content, which was not asked for');
  }
  if (Number(textOf(headers['content-length'])) > policy.maxBytes) throw imageTooLargeError(policy.maxBytes);
  return undefined;
}

/** Types of web pages, error reports and sign-in forms. With any other type, the decoder tests the content. */
const PAGE_TYPE = /^\s*(text\/html|application\/(?:xhtml\+xml|xml|json|problem\+json))\b/i;

/** A header as one text; empty where there is none. */
export function textOf(header: string | string[] | undefined): string {
  return [header ?? ''].flat().join(',').trim();
}

/** @throws PreannotateError IMAGE_TOO_LARGE; errors of sockets */
export async function collectBody(
  body: AsyncIterable<Buffer>,
  { maxBytes, onBytes }: Pick<UrlPolicy, 'maxBytes' | 'onBytes'>,
): Promise<Uint8Array> {
  const gathered = new GrowingBuffer(maxBytes);
  for await (const chunk of body) {
    if (gathered.bytes.length + chunk.length > maxBytes) throw imageTooLargeError(maxBytes);
    onBytes?.(chunk.length);
    gathered.append(chunk);
  }
  return gathered.bytes;
}
