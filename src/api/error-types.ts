/**
 * Why a call is refused, or failed. What each means is in fixtures/docs/program.md; more are added in minor versions.
 */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_INVALID'
  | 'ONTOLOGY_INVALID'
  | 'MODEL_NOT_FOUND'
  | 'MODEL_INVALID'
  | 'MODEL_GATED'
  | 'MODEL_DOWNLOAD_FAILED'
  | 'DEVICE_UNAVAILABLE'
  | 'WORKERS_FAILING'
  | 'INPUT_NOT_FOUND'
  | 'STORAGE_UNAVAILABLE'
  | 'QUEUE_UNREACHABLE'
  | 'OUTPUT_UNUSABLE'
  | 'OUTPUT_LOCKED'
  | 'OUTPUT_LOST'
  | 'WRITE_FAILED'
  | 'JOURNAL_DAMAGED'
  | 'RESUME_MISMATCH'
  | 'MASS_FAILURE'
  | 'TIME_LIMIT'
  | 'FOLDER_UNREADABLE'
  | 'IMAGE_UNREADABLE'
  | 'IMAGE_UNSUPPORTED'
  | 'IMAGE_UNDECODABLE'
  | 'IMAGE_TOO_LARGE'
  | 'IMAGE_DEGRADED'
  | 'IMAGE_TIMEOUT'
  | 'WORKER_CRASHED'
  | 'URL_INVALID'
  | 'URL_REFUSED'
  | 'URL_FETCH_FAILED'
  | 'URL_TIMEOUT'
  | 'STOPPED';

/** What was refused, or failed. Calls make them; programs only read them. */
export interface CallError extends Error {
  readonly code: ErrorCode;
  readonly message: string; // what happened, to what
  readonly hint: string; // what to do
  readonly detail?: string; // what a library reported
}

/** The class of errors, for `instanceof`. */
export type CallErrorClass = abstract new (...args: never) => CallError;
