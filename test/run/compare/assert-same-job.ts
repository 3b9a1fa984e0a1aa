import { findJobDifferences, otherJobError } from '../../../src/run/compare/same-job.js';
import type { JournalHeader } from '../../../src/run/header.js';

/** @throws PreannotateError RESUME_MISMATCH as a run without stored features does. */
export function assertSameJob(before: JournalHeader, now: JournalHeader, path: string): void {
  const differences = findJobDifferences(before, now);
  if (differences.length > 0) throw otherJobError(path, differences);
}
