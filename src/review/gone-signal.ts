import type { FastifyReply } from 'fastify';
import { RequestError } from '../http/request-error.js';

/** Fires when the browser has given up: images are scrolled past, and a new question ends the old one. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort(new RequestError('CLIENT_GONE', 'The client is gone.'));
  });
  return gone.signal;
}
