import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';
import { mapConcurrent } from '../../core/stream.js';

export const NDJSON = 'application/x-ndjson';

/** Sends one line of JSON for each answer, as they come. */
export async function sendLines(reply: FastifyReply, answers: readonly Promise<unknown>[]): Promise<FastifyReply> {
  const stream = Readable.from(linesOf(answers));
  void reply.type(NDJSON).send(stream);
  void Promise.allSettled(answers).then(() => reply.request.call.beginSending());
  await finished(stream).catch(() => {}); // the client is gone: whoever logs requests says so
  return reply;
}

async function* linesOf(answers: readonly Promise<unknown>[]): AsyncGenerator<string> {
  const calls = answers.map((answer) => () => answer); // promises themselves would be awaited in the order of the request
  const inTurn = mapConcurrent(calls, calls.length, (call) => call());
  for await (const answer of inTurn) yield `${JSON.stringify(answer)}\n`;
}
