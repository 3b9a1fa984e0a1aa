import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { describeReadError } from '../../disk/readable-file.js';
import type { EntryProblem, ReadOptions } from './read-options.js';

const HINT = 'Correct it, or export the data set again.';

/** For annotation files that cannot be read. */
export function dataSetError({ where, problem, hint = HINT }: EntryProblem, cause?: unknown): PreannotateError {
  const message = `${printable(where)}: ${printable(problem)}.`;
  return new PreannotateError({ code: 'DATA_SET_INVALID', message, hint }, cause);
}

/** The error of a file that cannot be opened or parsed; one of ours stays what it is. */
export function toDataSetError(where: string, cause: unknown): PreannotateError {
  if (cause instanceof PreannotateError) return cause;
  return dataSetError({ where, problem: describeReadError(cause) }, cause);
}

/** Reports an entry that cannot be used, which the reader then leaves out. @throws it where no report is wanted. */
export function refuseEntry({ onProblem }: Pick<ReadOptions, 'onProblem'>, problem: EntryProblem): void {
  if (onProblem === undefined) throw dataSetError(problem);
  onProblem(problem);
}
