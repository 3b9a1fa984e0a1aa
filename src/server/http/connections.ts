import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProblemAnswer } from '../../config/predict-schema.js';
import { FAILURES, type FailureCode } from '../../core/errors.js';
import { PROBLEM_TYPE } from './problem-details.js';

/** What errors of Node's parser are answered with; REQUEST_MALFORMED for any other. */
const PARSER_FAILURES: Readonly<Record<string, FailureCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'RECEIVED_TOO_SLOWLY',
  HPE_HEADER_OVERFLOW: 'HEADERS_TOO_LARGE',
};

const DETAILS: Partial<Record<FailureCode, string>> = {
  RECEIVED_TOO_SLOWLY: 'The request took too long to arrive.',
  HEADERS_TOO_LARGE: 'The headers of the request are too large.',
};

/** A refused connection is closed after this time, whether the client has read the reason or not. */
const REFUSAL_READ_MS = 1000;

/** For this time the rest of a refused body is read and discarded. */
const LINGER_MS = 10_000;

/** A request that is not yet answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Requests that are not yet answered, by their connections. */
export class Connections {
  readonly #open = new Map<Socket, Set<Exchange>>(); // more than one where they are pipelined
  #requests = 0;

  /** Number of requests that are not yet answered. */
  get requests(): number {
    return this.#requests;
  }

  track(exchange: Exchange): void {
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

  /**
   * Answers a connection that sends something else than HTTP, or sends it too slowly.
   *
   * @returns The answer; undefined where the client cannot get one
   */
  refuse(error: NodeJS.ErrnoException, socket: Socket): ProblemAnswer | undefined {
    const isShakingHands = error.code?.startsWith('ERR_TLS') === true || error.code?.startsWith('ERR_SSL') === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isShakingHands) {
      socket.destroy();
      return undefined;
    }
    // While another request of the connection is being answered, this answer would be taken for that one, or break it.
    const before = [...(this.#open.get(socket) ?? [])].filter(
      (each) => each.request.complete || each.response.headersSent,
    );
    const last = before.at(-1);
    if (last !== undefined) {
      last.response.once('close', () => socket.destroy());
      return undefined;
    }
    const problem = describeRefusal(PARSER_FAILURES[error.code ?? ''] ?? 'REQUEST_MALFORMED');
    socket.end(formatResponse(problem));
    setTimeout(() => socket.destroy(), REFUSAL_READ_MS).unref();
    return problem;
  }
}

function describeRefusal(code: FailureCode): ProblemAnswer {
  const status = FAILURES[code].httpStatus;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status]!,
    status,
    detail: DETAILS[code] ?? 'The request is not valid HTTP.',
    code,
    request_id: randomUUID(),
  };
}

function formatResponse(problem: ProblemAnswer): string {
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
    `X-Request-Id: ${problem.request_id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n` +
    body
  );
}

/**
 * For a request that is refused before its body has arrived. Closing the connection at once, while the client still
 * sends, would lose the answer; leaving it open would let the client send without end.
 */
export function scheduleLingeringClose(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  response.once('finish', () => {
    const cut = () => request.complete || request.socket.destroy();
    const end = setTimeout(cut, LINGER_MS).unref();
    request.once('close', () => clearTimeout(end));
  });
}

/** Answers `Expect: 100-continue`, so that a client does not send a body that is too large. */
export function answerExpectContinue(http: HttpServer, maxBytes: number): void {
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > maxBytes)) response.writeContinue();
    http.emit('request', request, response);
  });
}
