import type { LookupFunction } from 'node:net';
import { buildConnector, Client, type Dispatcher } from 'undici';
import { GrowingBuffer } from '../growing-buffer.js';
import { mayConnect } from './address-guard.js';
import { resolveAllowed, type Address } from './resolve-host.js';
import { fetchFailedError, urlRefusedError, imageTooLargeError } from './url-errors.js';
import type { UrlPolicy } from './url-policy.js';

/** The image, or the target of a redirect. */
export type GetResult = { readonly bytes: Uint8Array } | { readonly location: string };

/**
 * The same for every fetch, except for the credentials of a trusted host. Compressed answers are not requested: 200 KB
 * of gzip can hold 200 MB.
 */
const HEADERS = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'preannotate' };

const MAX_HEADER_BYTES = 16_384;

/** A server that is silent for this share of the whole time (3 s of 5 s) is given up. */
const SILENCE_SHARE = 0.6;

/** Long enough for the handshake with a distant host, short enough to try the host's next address. */
const ATTEMPT_MS = 750;

/**
 * Sends one GET over a connection of its own and reads the answer. No proxy, cookie, referrer or redirect.
 *
 * @throws PreannotateError URL_REFUSED, URL_FETCH_FAILED, IMAGE_TOO_LARGE; errors of undici and of sockets; the
 *   signal's reason
 */
export async function sendGet(url: URL, policy: UrlPolicy, signal: AbortSignal): Promise<GetResult> {
  const trusted = url.origin === policy.trusted?.origin ? policy.trusted : undefined;
  const allowPrivate = policy.allowPrivate || trusted !== undefined;
  const addresses = await resolveAllowed(url.hostname, { ...policy, allowPrivate }, signal);
  const silenceMs = Math.ceil(policy.timeoutMs * SILENCE_SHARE);
  const client = new Client(url.origin, {
    connect: createConnector(addresses, { allowPrivate, timeoutMs: silenceMs }),
    headersTimeout: silenceMs,
    bodyTimeout: silenceMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  try {
    const path = url.pathname + url.search;
    const { authorization } = trusted ?? {};
    const headers = authorization === undefined ? HEADERS : { ...HEADERS, authorization };
    const response = await client.request({ method: 'GET', path, headers, reset: true, signal });
    response.body.on('error', () => {}); // of a body that is left unread when the client goes
    return await readResponse(response, policy);
  } finally {
    await client.destroy();
  }
}

/** Connects to the given addresses only, and checks the address once more when connected. */
function createConnector(addresses: Address[], limits: { allowPrivate: boolean; timeoutMs: number }) {
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all) callback(null, addresses);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  };
  const connect = buildConnector({
    lookup, // not called for an address in the URL itself, which is the one that was checked
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    timeout: limits.timeoutMs,
    maxCachedSessions: 0,
  });
  const guarded: buildConnector.connector = (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
      } else if (mayConnect(socket.remoteAddress ?? '', limits.allowPrivate)) {
        callback(null, socket);
      } else {
        socket.destroy();
        callback(urlRefusedError(), null);
      }
    });
  };
  return guarded;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

async function readResponse(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  policy: UrlPolicy,
): Promise<GetResult> {
  const location = Buffer.from(textOf(headers['location']), 'latin1').toString(); // UTF-8 on the wire
  if (REDIRECTS.has(statusCode) && location !== '') return { location };
  if (statusCode !== 200) throw fetchFailedError(`its server answered with status ${statusCode}`);
  const [, page] = PAGE_TYPE.exec(textOf(headers['content-type'])) ?? [];
  if (page !== undefined) throw fetchFailedError(`its server answered with ${page.toLowerCase()}, not with an image`);
  if (!/^(identity)?$/i.test(textOf(headers['content-encoding']))) {
    throw fetchFailedError('its server answered with compressed content, which was not asked for');
  }
  if (Number(textOf(headers['content-length'])) > policy.maxBytes) throw imageTooLargeError(policy.maxBytes);
  const bytes = await collectBody(body, policy);
  if (bytes.length === 0) throw fetchFailedError('its server sent an empty answer');
  return { bytes };
}

/** Types of web pages, error reports and sign-in forms. With any other type, the decoder tests the content. */
const PAGE_TYPE = /^\s*(text\/html|application\/(?:xhtml\+xml|xml|json|problem\+json))\b/i;

function textOf(header: string | string[] | undefined): string {
  return [header ?? ''].flat().join(',').trim();
}

async function collectBody(body: AsyncIterable<Buffer>, { maxBytes, onBytes }: UrlPolicy): Promise<Uint8Array> {
  const gathered = new GrowingBuffer(maxBytes);
  for await (const chunk of body) {
    if (gathered.bytes.length + chunk.length > maxBytes) throw imageTooLargeError(maxBytes);
    onBytes?.(chunk.length);
    gathered.append(chunk);
  }
  return gathered.bytes;
}
