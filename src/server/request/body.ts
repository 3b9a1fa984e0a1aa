import type { IncomingMessage } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { RequestContext } from './request-context.js';
import { GrowingBuffer } from '../../net/growing-buffer.js';
import type { Share } from '../admission/admission-control.js';
import { RequestError } from '../../http/request-error.js';

/** A declared length up to this is allocated before the body arrives; a longer one only as it arrives. */
const MAX_BYTES_AHEAD = 1 << 20;

export interface BodyLimits {
  readonly maxBytes: number;
  readonly timeoutMs: number; // for all of it
}

/** The Content-Length of a request, if it has one. @throws RequestError BODY_TOO_LARGE, before a byte is read */
export function checkDeclaredLength(request: IncomingMessage, maxBytes: number): number | undefined {
  const declared = request.headers['content-length'];
  if (declared === undefined) return undefined;
  if (Number(declared) > maxBytes) throw bodyTooLargeError(maxBytes);
  return Number(declared);
}

/**
 * Reads a whole body. Node discards the rest of a refused one, within its own time limit.
 *
 * @param share - Grows by the bytes that arrive.
 * @throws RequestError BODY_TOO_LARGE, RECEIVED_TOO_SLOWLY, QUEUE_FULL, CLIENT_GONE
 */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  { context, share }: { context: RequestContext; share: Share },
): Promise<Buffer> {
  const declared = checkDeclaredLength(request, limits.maxBytes);
  const ahead = declared === undefined ? undefined : Math.min(declared, MAX_BYTES_AHEAD);
  const body = new GrowingBuffer(declared ?? limits.maxBytes, ahead);
  let size = 0;
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > limits.maxBytes) throw bodyTooLargeError(limits.maxBytes);
    share.grow({ items: 0, bytes: chunk.length });
    body.append(chunk);
  };
  await collectChunks(request, { take, timeoutMs: limits.timeoutMs, signal: context.signal });
  context.recordStage('receive', performance.now() - context.startedMs);
  return body.bytes;
}

function collectChunks(
  request: IncomingMessage,
  { take, timeoutMs, signal }: { take: (chunk: Buffer) => void; timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (settled: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      request.off('data', data).off('end', end).off('error', gone);
      settled();
    };
    const fail = (error: Error) => settle(() => reject(error));
    const data = (chunk: Buffer) => {
      try {
        take(chunk);
      } catch (error) {
        fail(error as Error);
        request.resume();
      }
    };
    const end = () => settle(resolve);
    const gone = () => fail(new RequestError('CLIENT_GONE', 'The client is gone.'));
    const abort = () => fail(signal.reason as Error);
    const timer = setTimeout(() => fail(receivedTooSlowlyError(timeoutMs)), timeoutMs);
    signal.addEventListener('abort', abort, { once: true });
    request.on('data', data).on('end', end).on('error', gone);
    if (signal.aborted) abort();
  });
}

/** @param when - At which point it has too many bytes, where it is not as it was sent. */
export function bodyTooLargeError(maxBytes: number, when?: string): RequestError {
  const message = `The body has more than the ${maxBytes} bytes allowed${when === undefined ? '' : ` ${when}`}.`;
  return new RequestError('BODY_TOO_LARGE', message);
}

function receivedTooSlowlyError(timeoutMs: number): RequestError {
  const message = `The body did not arrive within ${timeoutMs / 1000} s.`;
  return new RequestError('RECEIVED_TOO_SLOWLY', message, { headers: { connection: 'close' } });
}
