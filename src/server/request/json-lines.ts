import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import { mapConcurrent } from '../../core/stream.js';

export const NDJSON = 'application/x-ndjson';

/** Sends one line of JSON for each answer, as they come. */
export async function sendLines(reply: FastifyReply, answers: readonly Promise<unknown>[]): Promise<FastifyReply> {
  const stream = Readable.from(formatLines(answers));
  void reply.type(NDJSON).send(stream);
  void Promise.allSettled(answers).then(() => reply.request.context.beginSending());
  await finished(stream).catch(() => {}); // the client is gone: whoever logs requests says so
  return reply;
}

async function* formatLines(answers: readonly Promise<unknown>[]): AsyncGenerator<string> {
  const pending = answers.map((answer) => () => answer); // wrapped: a bare promise would be awaited in the order of the request
  const finished = mapConcurrent(pending, pending.length, (answer) => answer());
  for await (const answer of finished) yield `${JSON.stringify(answer)}\n`;
}
