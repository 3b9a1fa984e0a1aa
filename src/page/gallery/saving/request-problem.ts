import { toPageError, toPageMessage } from '../../shared/page-error.js';

/** What can be done after a request has failed. */
export type ProblemKind =
  | 'unreachable' // there was no answer: it is sent again
  | 'busy' // it cannot be done now, as on a full disk: it is sent again
  | 'fault' // the server does not know why: it is sent again a few times
  | 'blocked' // nothing can be saved before a person has done something about it
  | 'refused'; // it can never be done

/** Why a request failed, in words that can be shown. */
export class RequestProblem extends Error {
  readonly kind: ProblemKind;

  constructor(kind: ProblemKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

/** The review reads only, or has lost its folder: another server has to be started. */
const BLOCKED = ['READ_ONLY', 'OUTPUT_LOST', 'OUTPUT_UNUSABLE', 'JOURNAL_DAMAGED'];

/** The disk is full, or the run is being brought up to date. */
const BUSY = ['WRITE_FAILED', 'OUTPUT_LOCKED'];

/** What a server, or a proxy before it, answers for a while. */
const PASSING = [401, 408, 429, 502, 503, 504];

/** Reads why a request failed from its answer: application/problem+json, unless a proxy has written it. */
export function toRequestProblem(answer: { status: number; retryAfter: string | null }, text: string): RequestProblem {
  return new RequestProblem(kindOf(answer.status, toPageError(answer, text).code), toPageMessage(answer, text));
}

function kindOf(status: number, code = ''): ProblemKind {
  if (BLOCKED.includes(code)) return 'blocked';
  if (BUSY.includes(code) || PASSING.includes(status)) return 'busy';
  return status >= 500 ? 'fault' : 'refused';
}
