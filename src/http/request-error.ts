import { PreannotateError, type FailureCode } from '../core/errors.js';

/** A field that is wrong, by JSON pointer (RFC 6901). */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/** Further errors of one request are not listed. */
export const MAX_ERRORS = 20;

/** What the answer to a refused request has besides code and message. */
export interface RefusalDetails {
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly FieldError[];
}

/** A request that is refused. */
export class RequestError extends PreannotateError {
  readonly headers: Readonly<Record<string, string>>;
  readonly errors: readonly FieldError[];

  constructor(code: FailureCode, message: string, { headers = {}, errors = [] }: RefusalDetails = {}) {
    super({ code, message, hint: '' });
    this.headers = headers;
    this.errors = errors;
  }
}

/** The JSON pointer of a path. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** One field that is wrong, and where it is. */
export function invalidFieldError(
  pointer: string,
  detail: string,
  code: FailureCode = 'REQUEST_INVALID',
): RequestError {
  return new RequestError(code, `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}
