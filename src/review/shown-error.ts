import { PreannotateError } from '../core/errors.js';
import { RequestError } from '../http/request-error.js';

/** Failures that reviewers need to know about: the disk is full, or the folder was taken over. */
const SHOWN = ['WRITE_FAILED', 'OUTPUT_LOST', 'OUTPUT_UNUSABLE', 'JOURNAL_DAMAGED'];

/** Other failures of the server stay in its log. */
export function toShownError(error: unknown): unknown {
  const isShown = error instanceof PreannotateError && SHOWN.includes(error.code);
  return isShown ? new RequestError(error.code, [error.message, error.hint].filter(Boolean).join(' ')) : error;
}
