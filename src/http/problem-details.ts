import { STATUS_CODES } from 'node:http';
import type { ProblemAnswer } from '../config/predict-schema.js';
import type { FastifyBaseLogger } from 'fastify';
import { FAILURES, PreannotateError, systemCodeOf } from '../core/errors.js';
import { excerpt } from '../core/text.js';
import { MAX_ERRORS, RequestError, type FieldError } from './request-error.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** Of a text that may quote the request, so that an answer does not become larger than its request. */
const MAX_TEXT_CHARACTERS = 1000;

/** For clients. Messages of workers and paths of files are for the operator only, and are logged. */
const SERVER_FAULT = 'The server failed; its log has the reason under this request id.';

/** A failure as an HTTP answer. */
export interface ProblemDetails {
  readonly body: ProblemAnswer;
  readonly headers: Readonly<Record<string, string>>;
}

/** Turns any error into an answer (RFC 9457); the only place of the server that does. */
export function toProblemDetails(thrown: unknown, requestId: string): ProblemDetails {
  const error = toNamedError(thrown);
  const status = FAILURES[error.code].httpStatus;
  const { headers, errors } = error instanceof RequestError ? error : { headers: {}, errors: [] };
  const hint = error.clientHint ?? FAILURES[error.code].clientHint ?? '';
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Client Closed Request',
    status,
    detail: isServerFault(error) ? SERVER_FAULT : shorten(error.message),
    code: error.code,
    ...(hint === '' || isServerFault(error) ? {} : { hint: shorten(hint) }),
    request_id: requestId,
    ...(errors.length === 0 ? {} : { errors: errors.slice(0, MAX_ERRORS).map(shortenField) }),
  };
  // 503 is temporary: about the time that it takes to replace a worker.
  return { body, headers: { ...(status === 503 ? { 'retry-after': '1' } : {}), ...headers } };
}

function shortenField({ pointer, detail }: FieldError): FieldError {
  return { pointer: shorten(pointer), detail: shorten(detail) };
}

function shorten(text: string): string {
  return excerpt(text, MAX_TEXT_CHARACTERS);
}

/** Failures of the server whose messages are not meant for clients; 502 and 504 are about other servers. */
function isServerFault(error: PreannotateError): boolean {
  const { httpStatus, isPublic = false } = FAILURES[error.code];
  return [500, 503].includes(httpStatus) && !(error instanceof RequestError) && !isPublic;
}

/** Logs what {@link toProblemDetails} does not disclose. */
export function logServerFault(thrown: unknown, log: FastifyBaseLogger): void {
  const error = toNamedError(thrown);
  if (error.code === 'INTERNAL') log.error({ err: thrown }, 'failed unexpectedly');
  else if (isServerFault(error)) log.error({ code: error.code }, error.message);
}

/** An error without a code is a bug: its message may hold anything, so it is logged and not sent. */
export function toNamedError(thrown: unknown): PreannotateError {
  if (thrown instanceof PreannotateError) return thrown;
  if (systemCodeOf(thrown) === 'ERR_STREAM_PREMATURE_CLOSE')
    return new RequestError('CLIENT_GONE', 'The client is gone.');
  const status = statusOf(thrown);
  if (status === 415) return new RequestError('MEDIA_TYPE_UNSUPPORTED', 'This type of body is not supported.');
  if (status !== undefined && status >= 400 && status < 500) {
    return new RequestError('REQUEST_MALFORMED', 'The request cannot be parsed.');
  }
  return new PreannotateError({ code: 'INTERNAL', message: SERVER_FAULT, hint: '' }, thrown);
}

/** The status that the framework gives its own errors. */
function statusOf(thrown: unknown): number | undefined {
  const status = thrown instanceof Error && 'statusCode' in thrown ? thrown.statusCode : undefined;
  return typeof status === 'number' ? status : undefined;
}
