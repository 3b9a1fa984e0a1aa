import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { FailureCode } from '../../../src/core/errors.js';

export const times = <Result>(count: number, make: (i: number) => Result): Result[] =>
  Array.from({ length: count }, (_, i) => make(i));

export async function statuses(responses: readonly Promise<Response>[]): Promise<number[]> {
  return Promise.all(responses.map(async (response) => (await response).status));
}

/** The code of a refusal. */
export async function codeOf(response: Response | Promise<Response>): Promise<FailureCode> {
  return ((await (await response).json()) as { code: FailureCode }).code;
}

/** A connection to a server, over which anything can be sent. */
export function connection(url: string): Socket {
  const { port, hostname } = new URL(url);
  return connect(Number(port), hostname).on('error', () => {}); // the server may cut it; the test that waits notices
}

/** Whether a server accepts connections at an address. */
export async function canConnect(host: string, port: string): Promise<boolean> {
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Waits until a connection is closed, by either side. */
export async function closing(socket: Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
}

/** Writes what a client would, and reads until the server closes the connection. */
export async function rawAnswer(url: string, text: string | Buffer): Promise<string> {
  const socket = connection(url);
  let answer = '';
  socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
  socket.write(text);
  await closing(socket);
  return answer;
}

/** How long something takes, in milliseconds, and what comes of it. */
export async function timed<Result>(work: () => Promise<Result>): Promise<[result: Result, ms: number]> {
  const start = performance.now();
  const result = await work();
  return [result, performance.now() - start];
}
