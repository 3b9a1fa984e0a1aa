import type { FormatName } from '../../formats/index.js';

/**
 * - `error`: a reader stops, leaves something out, or takes it for something else;
 * - `warning`: readers differ, or one of them needs help;
 * - `info`: every reader copes, but it may not be meant.
 */
export type Severity = 'error' | 'warning' | 'info';

/** A rule that files of annotations keep, so that programs can read them. */
export interface Rule {
  readonly severity: Severity;
  readonly formats: readonly FormatName[] | 'all';
  readonly what: string; // the mistake
  readonly breaks: string; // which reader, and how
  readonly fix: string;
}
