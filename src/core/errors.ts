/** Every failure we can name, and how each edge of the tool reports it. */
export const FAILURES = {
  USAGE: { exitCode: 2, httpStatus: 400 },
  CONFIG_INVALID: { exitCode: 2, httpStatus: 400 },
  ONTOLOGY_INVALID: { exitCode: 2, httpStatus: 422 },
  MODEL_NOT_FOUND: { exitCode: 2, httpStatus: 503 },
  MODEL_INVALID: { exitCode: 2, httpStatus: 503 },
  MODEL_GATED: { exitCode: 2, httpStatus: 503 }, // the hub wants a token, or another one
  MODEL_DOWNLOAD_FAILED: { exitCode: 1, httpStatus: 503 },
  DEVICE_UNAVAILABLE: { exitCode: 2, httpStatus: 503 },
  INPUT_NOT_FOUND: { exitCode: 2, httpStatus: 400 },
  OUTPUT_UNUSABLE: { exitCode: 2, httpStatus: 500 },
  OUTPUT_LOCKED: { exitCode: 2, httpStatus: 500 },
  JOURNAL_DAMAGED: { exitCode: 2, httpStatus: 500 },
  RESUME_MISMATCH: { exitCode: 2, httpStatus: 400 },
  WRITE_FAILED: { exitCode: 1, httpStatus: 500 },
  WORKERS_FAILING: { exitCode: 1, httpStatus: 503 },
  FOLDER_UNREADABLE: { exitCode: 3, httpStatus: 500 }, // of a run: these count against --max-errors
  IMAGE_UNREADABLE: { exitCode: 3, httpStatus: 422 },
  IMAGE_TOO_LARGE: { exitCode: 3, httpStatus: 413 },
  IMAGE_UNSUPPORTED: { exitCode: 3, httpStatus: 415 },
  IMAGE_UNDECODABLE: { exitCode: 3, httpStatus: 422 },
  IMAGE_DEGRADED: { exitCode: 3, httpStatus: 422 }, // lost blocks, under --strict-images
  IMAGE_TIMEOUT: { exitCode: 3, httpStatus: 422 },
  IMAGE_QUARANTINED: { exitCode: 3, httpStatus: 422 }, // of a server: workers died of it before
  URL_INVALID: { exitCode: 2, httpStatus: 400 },
  URL_REFUSED: { exitCode: 2, httpStatus: 403 },
  URL_FETCH_FAILED: { exitCode: 3, httpStatus: 422 },
  URL_TIMEOUT: { exitCode: 3, httpStatus: 504 },
  WORKER_CRASHED: { exitCode: 3, httpStatus: 503 },
  STOPPED: { exitCode: 1, httpStatus: 503 },
  LISTEN_FAILED: { exitCode: 2, httpStatus: 500 },
  REQUEST_MALFORMED: { exitCode: 2, httpStatus: 400 }, // from here on: what only the server answers
  HOST_REFUSED: { exitCode: 2, httpStatus: 400 },
  REQUEST_INVALID: { exitCode: 2, httpStatus: 422 },
  UNAUTHORIZED: { exitCode: 2, httpStatus: 401 },
  NOT_FOUND: { exitCode: 2, httpStatus: 404 },
  METHOD_NOT_ALLOWED: { exitCode: 2, httpStatus: 405 },
  RECEIVED_TOO_SLOWLY: { exitCode: 1, httpStatus: 408 },
  BODY_TOO_LARGE: { exitCode: 2, httpStatus: 413 },
  MEDIA_TYPE_UNSUPPORTED: { exitCode: 2, httpStatus: 415 },
  QUEUE_FULL: { exitCode: 1, httpStatus: 429 },
  CLIENT_GONE: { exitCode: 1, httpStatus: 499 }, // nobody reads it; in logs and metrics only
  NOT_READY: { exitCode: 1, httpStatus: 503 },
  DEADLINE_PASSED: { exitCode: 1, httpStatus: 504 },
  INTERNAL: { exitCode: 1, httpStatus: 500 },
} as const;

export type FailureCode = keyof typeof FAILURES;

/** What failed and why (`message`) and what to do (`hint`). Plain data: an Error loses its class and code over IPC. */
export interface Failure {
  readonly code: FailureCode;
  readonly message: string;
  readonly hint: string;
}

/** A {@link Failure} that can be thrown. */
export class PreannotateError extends Error implements Failure {
  readonly code: FailureCode;
  readonly hint: string;

  constructor(failure: Failure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause });
    this.name = 'PreannotateError';
    this.code = failure.code;
    this.hint = failure.hint;
  }

  /** The same failure as plain data, for IPC and for files. */
  toFailure(): Failure {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** The message of anything that can be thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** The `code` of a Node system error such as ENOENT; undefined for anything else. */
export function systemCodeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
