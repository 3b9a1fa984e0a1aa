import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import { mapConcurrent } from '../../core/stream.js';

export const NDJSON = 'application/x-ndjson';

/** Sends each answer as a line of JSON, in the order in which they finish. */
export async function sendLines(reply: FastifyReply, answers: readonly Promise<unknown>[]): Promise<FastifyReply> {
  const stream = Readable.from(formatLines(answers));
  void reply.type(NDJSON).send(stream);
  void Promise.allSettled(answers).then(() => reply.request.context.beginSending());
  await finished(stream).catch(() => {}); // the client is gone, which RequestContext notices and logs
  return reply;
}

async function* formatLines(answers: readonly Promise<unknown>[]): AsyncGenerator<string> {
  // Wrapped in functions: `for await` over promises would yield them in the order of the request.
  const pending = answers.map((answer) => () => answer);
  const finished = mapConcurrent(pending, pending.length, (answer) => answer());
  for await (const answer of finished) yield `${JSON.stringify(answer)}\n`;
}
