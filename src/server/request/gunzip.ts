import { createGunzip } from 'node:zlib';
import { bodyTooLargeError } from './body.js';
import { GrowingBuffer } from './growing-buffer.js';
import type { Share } from '../admission/admission-control.js';
import { RequestError } from '../http/request-error.js';

/**
 * Expands a body that came gzipped.
 *
 * @param maxBytes - Of what comes out: a megabyte may hold a gigabyte.
 * @param share - Grows by what comes out.
 * @throws RequestError BODY_TOO_LARGE, QUEUE_FULL, REQUEST_MALFORMED
 */
export async function gunzip(body: Buffer, maxBytes: number, share: Share): Promise<Buffer> {
  const expanded = new GrowingBuffer(maxBytes);
  const stream = createGunzip();
  stream.end(body);
  try {
    for await (const part of stream as AsyncIterable<Buffer>) {
      if (expanded.bytes.length + part.length > maxBytes) throw bodyTooLargeError(maxBytes);
      share.grow({ items: 0, bytes: part.length });
      expanded.append(part);
    }
  } catch (error) {
    if (error instanceof RequestError) throw error;
    throw new RequestError('REQUEST_MALFORMED', 'The body says that it is gzip, and is not.');
  }
  return expanded.bytes;
}
