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
  RECEIVED_TOO_SLOWLY: 'The request came too slowly.',
  HEADERS_TOO_LARGE: 'The headers of the request are too large.',
};

/** Whoever does not read why they were refused is cut off. */
const REFUSAL_READ_MS = 1000;

/** What is left of a refused body is read and thrown away for so long. */
const LINGER_MS = 10_000;

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

  /** Answers what is not HTTP, or comes too slowly to become a request. @returns What it says; undefined where nobody would hear it */
  refuse(error: NodeJS.ErrnoException, socket: Socket): ProblemAnswer | undefined {
    const isShakingHands = error.code?.startsWith('ERR_TLS') === true || error.code?.startsWith('ERR_SSL') === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isShakingHands) {
      socket.destroy();
      return undefined;
    }
    // Behind a request that is being answered, our words would be taken for its answer, or be in the middle of that.
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
    detail: DETAILS[code] ?? 'This is not a request that can be understood.',
    code,
    request_id: randomUUID(),
  };
}

function formatResponse(problem: ProblemAnswer): string {
  const body = JSON.stringify(problem);
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
    `X-Request-Id: ${problem.request_id}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}

/**
 * For a request that is refused before its body is here. A connection that is closed on a client that is still sending takes
 * the answer away from it; one that is left open can be sent to without end.
 */
export function scheduleLingeringClose(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete) return;
  response.once('finish', () => {
    const cut = () => request.complete || request.socket.destroy();
    const end = setTimeout(cut, LINGER_MS).unref();
    request.once('close', () => clearTimeout(end));
  });
}

/** A client that asks first whether to send its body is not invited to send one that is too large. */
export function answerExpectContinue(http: HttpServer, maxBytes: number): void {
  http.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (!(Number(request.headers['content-length']) > maxBytes)) response.writeContinue();
    http.emit('request', request, response);
  });
}
