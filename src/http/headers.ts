import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** No answer may be framed, sniffed or cached, or load anything; routes that need more override these headers. */
export const SECURITY_HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/** What web pages of other origins may send and read (--cors-origin). */
export const CORS_HEADERS = {
  methods: ['GET', 'POST'],
  allowedHeaders: [
    'authorization',
    'content-type',
    'content-encoding',
    'inference-header-content-length',
    'x-api-key',
    'x-request-id',
    'x-request-timeout-ms',
  ],
  exposedHeaders: ['x-request-id', 'server-timing', 'retry-after', 'inference-header-content-length'],
  maxAge: 600,
};

const REQUEST_ID = /^[\w.:@/+=-]{1,128}$/;
const MIN_COMPRESSED_CHARACTERS = 1000; // characters
const [deflated, brotlied] = [promisify(gzip), promisify(brotliCompress)];

/** The best first. Brotli's default quality takes seconds where quality 4 takes milliseconds. */
const ENCODINGS: Readonly<Record<string, (text: string) => Promise<Buffer>>> = {
  br: (text) => brotlied(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (text) => deflated(text),
};

/** The client's X-Request-Id where it is safe to log, else a new id. */
export function requestIdOf({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Compresses longer texts for clients that accept it. */
export async function compressPayload(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: unknown,
): Promise<unknown> {
  if (typeof payload !== 'string' || payload.length < MIN_COMPRESSED_CHARACTERS) return payload;
  const varies = reply.getHeader('vary');
  void reply.header('vary', varies === undefined ? 'accept-encoding' : `${String(varies)}, accept-encoding`);
  const accepted = acceptedEncodingsOf(request.headers['accept-encoding'] ?? '');
  const best = Object.entries(ENCODINGS).find(([name]) => accepted.has(name));
  if (best === undefined) return payload;
  const [name, compress] = best;
  const bytes = await compress(payload);
  void reply.header('content-encoding', name).header('content-length', bytes.length);
  return bytes;
}

/** The codings of an Accept-Encoding header; `q=0` excludes one, other weights are ignored. */
function acceptedEncodingsOf(header: string): ReadonlySet<string> {
  const stated = header.split(',').map((part) => part.toLowerCase().replaceAll(/\s/g, ''));
  const wanted = stated.filter((part) => !/;q=0(?:\.0*)?$/.test(part));
  return new Set(wanted.map((part) => part.split(';')[0]!));
}
