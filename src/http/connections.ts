import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { ProblemAnswer } from '../config/predict-schema.js';
import { FAILURES, type FailureCode } from '../core/errors.js';
import { PROBLEM_TYPE } from './problem-details.js';
import type { ErrorBody } from './route-config.js';

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

/** The requests of one connection that are not yet answered; each function ends one. */
type OpenExchanges = Map<Exchange, () => void>;

/** Requests that are not yet answered, by their connections. */
export class Connections {
  readonly #open = new Map<Socket, OpenExchanges>(); // more than one exchange where they are pipelined
  readonly #sockets = new Set<Socket>();
  #requests = 0;

  /** Number of requests that are not yet answered. */
  get requests(): number {
    return this.#requests;
  }

  /** Knows all connections from now on: Node itself forgets those that are still in a TLS handshake. */
  watch(http: HttpServer): void {
    http.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** Cuts all connections, whatever they are doing. */
  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /**
   * Counts a request until it is over: its answer is sent, or its connection is closed.
   *
   * @param onOver - Called once.
   */
  track(exchange: Exchange, onOver: () => void): void {
    const { socket } = exchange.request;
    const exchanges = this.#exchangesOf(socket);
    const end = () => {
      if (!exchanges.delete(exchange)) return;
      this.#requests--;
      onOver();
    };
    exchanges.set(exchange, end);
    this.#requests++;
    exchange.response.once('close', end);
  }

  #exchangesOf(socket: Socket): OpenExchanges {
    const known = this.#open.get(socket);
    if (known !== undefined) return known;
    const exchanges: OpenExchanges = new Map();
    this.#open.set(socket, exchanges);
    socket.once('close', () => {
      this.#open.delete(socket);
      // Node closes only the answer that is being sent, not those that wait behind it (pipelining).
      for (const { response } of [...exchanges.keys()]) response.destroy().emit('close');
    });
    return exchanges;
  }

  /**
   * Answers a connection that sends something else than HTTP, or sends it too slowly.
   *
   * @param errorBodyAt - The form of errors at an address, where it has one of its own.
   * @returns The answer; undefined where the client cannot get one
   */
  refuse(
    error: NodeJS.ErrnoException,
    socket: Socket,
    errorBodyAt: (url: string) => ErrorBody | undefined,
  ): ProblemAnswer | undefined {
    const isShakingHands = error.code?.startsWith('ERR_TLS') === true || error.code?.startsWith('ERR_SSL') === true;
    if (error.code === 'ECONNRESET' || !socket.writable || isShakingHands) {
      socket.destroy();
      return undefined;
    }
    // While another request of the connection is being answered, this answer would be taken for that one, or break it.
    const exchanges = this.#open.get(socket) ?? new Map<Exchange, () => void>();
    const before = [...exchanges.keys()].filter((each) => each.request.complete || each.response.headersSent);
    const last = before.at(-1);
    if (last !== undefined) {
      last.response.once('close', () => socket.destroy());
      return undefined;
    }
    const problem = describeRefusal(PARSER_FAILURES[error.code ?? ''] ?? 'REQUEST_MALFORMED');
    const [first] = exchanges.keys();
    socket.end(formatResponse(problem, errorBodyAt(first?.request.url ?? urlOf(error))));
    setTimeout(() => socket.destroy(), REFUSAL_READ_MS).unref();
    for (const end of [...exchanges.values()]) end(); // this was the answer
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

/** The address in the first line of a request that could not be parsed, if that is in the packet that failed. */
function urlOf(error: NodeJS.ErrnoException): string {
  const packet = 'rawPacket' in error && Buffer.isBuffer(error.rawPacket) ? error.rawPacket : Buffer.alloc(0);
  return /^[A-Z]+ (\S+) HTTP\//.exec(packet.toString('latin1', 0, 1000))?.[1] ?? '';
}

function formatResponse(problem: ProblemAnswer, errorBody: ErrorBody | undefined): string {
  const body = JSON.stringify(errorBody === undefined ? problem : errorBody(problem));
  const type = errorBody === undefined ? PROBLEM_TYPE : 'application/json';
  return (
    `HTTP/1.1 ${problem.status} ${problem.title}\r\nContent-Type: ${type}\r\n` +
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
