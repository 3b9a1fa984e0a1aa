import { STATUS_CODES, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProblemAnswer } from '../config/predict-schema.js';
import { PROBLEM_TYPE } from './problem.js';

const STATUSES: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Whoever does not read why they were refused is cut off. */
const LAST_WORDS_MS = 1000;

/** A request that is not answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Requests that are not answered, by their connections. */
export class Connections {
  readonly #open = new Map<Socket, Set<Exchange>>(); // more than one where they are pipelined
  #requests = 0;

  /** Requests that are not answered. */
  get requests(): number {
    return this.#requests;
  }

  began(exchange: Exchange): void {
    const { socket } = exchange.request;
    this.#requests++;
    this.#open.set(socket, (this.#open.get(socket) ?? new Set()).add(exchange));
    exchange.response.once('close', () => {
      this.#requests--;
      const others = this.#open.get(socket);
      others?.delete(exchange);
      if (others?.size === 0) this.#open.delete(socket);
    });
  }

  /** Answers what is not HTTP, or comes too slowly to become a request. */
  refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const isShakingHands = error.code?.startsWith('ERR_TLS') === true || error.code?.startsWith('ERR_SSL') === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isShakingHands) {
      socket.destroy();
      return;
    }
    // Behind a request that is being answered, our words would be taken for its answer, or be in the middle of that.
    const before = [...(this.#open.get(socket) ?? [])].filter(
      (each) => each.request.complete || each.response.headersSent,
    );
    const last = before.at(-1);
    if (last !== undefined) {
      last.response.once('close', () => socket.destroy());
      return;
    }
    socket.end(refusalOf(STATUSES[error.code ?? ''] ?? 400));
    setTimeout(() => socket.destroy(), LAST_WORDS_MS).unref();
  }
}

function refusalOf(status: number): string {
  const problem: ProblemAnswer = {
    type: 'about:blank',
    title: STATUS_CODES[status]!,
    status,
    detail: status === 408 ? 'The request came too slowly.' : 'This is not a request that can be understood.',
    code: status === 408 ? 'RECEIVED_TOO_SLOWLY' : 'REQUEST_MALFORMED',
    request_id: '',
  };
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}

/** A client that asks first whether to send its body is not invited to send one that is too large. */
export function inviteBodies(http: HttpServer, maxBytes: number): void {
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > maxBytes)) response.writeContinue();
    http.emit('request', request, response);
  });
}
