import type { FastifyRequest } from 'fastify';
import { excerpt } from '../../core/text.js';
import { checkDeclaredLength, readBody } from './body.js';
import { contentEncodingOf, expandBody } from './content/encodings.js';
import type { Share } from '../admission/admission-control.js';
import { resolveSearch, type Search } from './predict.js';
import { parseJson } from './json.js';
import { jsonReaders, type Reader, type Received } from './readers.js';
import { RequestError } from '../../http/request-error.js';
import type { ServerState } from './server-state.js';

/** What a route reads. */
export interface Accepted<What extends Received> {
  readonly readers: Readonly<Record<string, Reader<What>>>; // by media type; '' where none is given
  readonly maxImages: number;
}

/**
 * Admits a request before its body is read, or refuses it.
 *
 * @throws RequestError NOT_READY, QUEUE_FULL, BODY_TOO_LARGE
 */
export function admit({ raw }: FastifyRequest, server: ServerState): Share {
  server.requireAccepting();
  const declared = checkDeclaredLength(raw, bodyLimitOf(server)) ?? 0;
  return server.admission.admit({ items: 1, bytes: declared });
}

/** Reads a whole request and validates it. Its deadline starts with the last byte. @throws RequestError */
export async function receive<What extends Received>(
  request: FastifyRequest,
  { readers, maxImages }: Accepted<What>,
  { server, share }: { server: ServerState; share: Share },
): Promise<What & { readonly search: Search }> {
  const reader = chooseReader(request, readers);
  using _coming = server.requireStarted().engine.expect();
  const body = await readWholeBody(request, { server, share });
  share.grow({ items: 1, bytes: 0 });
  const received = await reader(body, request, maxImages);
  return { ...received, search: await resolveSearch(received.options, server) };
}

/** Reads a JSON body; needs no open model. @throws RequestError */
export async function receiveJson(request: FastifyRequest, server: ServerState): Promise<unknown> {
  chooseReader(request, jsonReaders(parseJson));
  const bytes = checkDeclaredLength(request.raw, bodyLimitOf(server)) ?? 0;
  using share = server.admission.admit({ items: 0, bytes });
  return parseJson(await readWholeBody(request, { server, share }));
}

async function readWholeBody(
  request: FastifyRequest,
  { server, share }: { server: ServerState; share: Share },
): Promise<Buffer> {
  const { receiveTimeoutSec, timeoutSec, queueBytes } = server.job.settings;
  const bodyLimit = bodyLimitOf(server);
  const deadlineMs = readDeadline(request, timeoutSec === 0 ? Infinity : timeoutSec * 1000);
  const limits = { maxBytes: bodyLimit, timeoutMs: receiveTimeoutSec * 1000 };
  const sent = await readBody(request.raw, limits, { context: request.context, share });
  request.context.setDeadline(deadlineMs);
  const encoding = contentEncodingOf(request.headers['content-encoding']);
  // Both the compressed and the expanded body are in memory at once.
  return expandBody(sent, encoding, { maxBytes: Math.min(bodyLimit, queueBytes - sent.length), share });
}

/** A body that would not even fit into an empty queue is too large (413); waiting would not help. */
function bodyLimitOf({ job: { settings } }: ServerState): number {
  return Math.min(settings.bodyLimit, settings.queueBytes);
}

/** The reader of a request's body. @throws RequestError MEDIA_TYPE_UNSUPPORTED */
function chooseReader<Reads>({ headers }: FastifyRequest, readers: Readonly<Record<string, Reads>>): Reads {
  contentEncodingOf(headers['content-encoding']); // refused before the body is read
  const { 'content-type': contentType = '' } = headers;
  const [type = '', ...parameters] = contentType.split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))?.slice('charset='.length);
  const isUtf8 = charset === undefined || /^"?utf-?8"?$/.test(charset);
  const key = type.startsWith('image/') && !Object.hasOwn(readers, type) ? 'image/*' : type;
  const reader = Object.hasOwn(readers, key) ? readers[key] : undefined;
  if (reader !== undefined && isUtf8) return reader;
  const accepted = Object.keys(readers).filter(Boolean).join(', ');
  const message = unsupportedMessage(reader === undefined ? type : (charset ?? ''), accepted);
  throw new RequestError('MEDIA_TYPE_UNSUPPORTED', message, { headers: { accept: accepted } });
}

function unsupportedMessage(what: string, accepted: string): string {
  const problem =
    what === '' ? 'The request has no Content-Type' : `A body of type "${excerpt(what)}" is not supported`;
  return `${problem}; send one of ${accepted}.`;
}

/** The server's limit for a request, or the client's, if that is less. @throws RequestError REQUEST_MALFORMED */
function readDeadline({ headers }: FastifyRequest, serversMs: number): number {
  const asked = headers['x-request-timeout-ms'];
  if (asked === undefined) return serversMs;
  const ms = Number(asked);
  if (Number.isFinite(ms) && ms > 0) return Math.min(ms, serversMs);
  throw new RequestError('REQUEST_MALFORMED', 'X-Request-Timeout-Ms must be a number of milliseconds above 0.');
}
