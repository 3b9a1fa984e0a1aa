import type { Transform } from 'node:stream';
import { createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { excerpt } from '../../../core/text.js';
import type { Share } from '../../admission/admission-control.js';
import { RequestError } from '../../../http/request-error.js';
import { bodyTooLargeError } from '../body.js';
import { GrowingBuffer } from '../../../net/growing-buffer.js';

/** How each Content-Encoding is undone. */
const DECODERS: Readonly<Record<string, (body: Buffer) => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(), // RFC 9110 has it as the same
  // RFC 9110 means the zlib format, but some clients send the stream without its header.
  deflate: (body) => (hasZlibHeader(body) ? createInflate() : createInflateRaw()),
};

const SUPPORTED = 'gzip, deflate';

/**
 * The Content-Encoding of a request; `identity` where there is none.
 *
 * @throws RequestError MEDIA_TYPE_UNSUPPORTED for one that cannot be undone, several of them included
 */
export function contentEncodingOf(header: string | undefined): string {
  const encoding = (header ?? '').trim().toLowerCase() || 'identity';
  if (encoding === 'identity' || Object.hasOwn(DECODERS, encoding)) return encoding;
  const message =
    `Content-Encoding "${excerpt(encoding)}" is not supported; compress the body once, by gzip or deflate, or not at ` +
    'all.';
  throw new RequestError('MEDIA_TYPE_UNSUPPORTED', message, { headers: { 'accept-encoding': SUPPORTED } });
}

/**
 * Undoes the Content-Encoding of a body.
 *
 * @param maxBytes - Of the expanded body: a megabyte of gzip may hold a gigabyte.
 * @param share - Grows by the expanded bytes, as they come.
 * @throws RequestError BODY_TOO_LARGE, QUEUE_FULL; REQUEST_MALFORMED where the body is not what its header says
 */
export async function expandBody(
  body: Buffer,
  encoding: string,
  { maxBytes, share }: { maxBytes: number; share: Share },
): Promise<Buffer> {
  const create = DECODERS[encoding];
  if (create === undefined || body.length === 0) return body;
  const expanded = new GrowingBuffer(maxBytes);
  const stream = create(body);
  stream.end(body);
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      if (expanded.bytes.length + part.length > maxBytes) throw bodyTooLargeError(maxBytes, 'once expanded');
      share.grow({ items: 0, bytes: part.length });
      expanded.append(part);
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    const message = `The body is not in the format that its Content-Encoding, ${encoding}, names, or is cut off.`;
    throw new RequestError('REQUEST_MALFORMED', message);
  }
  return expanded.bytes;
}

/** Method 8, and both bytes together a multiple of 31 (RFC 1950). */
function hasZlibHeader(body: Buffer): boolean {
  return body.length >= 2 && (body[0]! & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}
