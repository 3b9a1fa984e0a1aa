import { existsSync } from 'node:fs';
import { PreannotateError } from '../../core/errors.js';
import { quoteForShell } from '../../core/text.js';
import type { JournalHeader } from '../header.js';
import { findOntologyDifferences } from './ontology-difference.js';
import { assertSameJob, findJobDifferences } from './same-job.js';

/** Where another job would keep its features and its results. */
interface Places {
  readonly path: string; // of the journal
  readonly outDir: string; // as messages show it
  readonly features: string | undefined; // as messages show it; undefined where none are kept
}

/**
 * Refuses to add the results of one job to those of another, as `assertSameJob` does; where only what is looked for
 * differs, it says how images are annotated again without their encoder.
 *
 * @throws PreannotateError RESUME_MISMATCH
 */
export function assertSameOrOfferFeatures(before: JournalHeader, now: JournalHeader, places: Places): void {
  try {
    assertSameJob(before, now, places.path);
  } catch (error) {
    if (!(error instanceof PreannotateError) || !isOtherOntology(before, now)) throw error;
    const failure = error.toFailure();
    throw new PreannotateError({ ...failure, hint: `${failure.hint} ${describeOffer(places)}` });
  }
}

function isOtherOntology(before: JournalHeader, now: JournalHeader): boolean {
  const inOntology = findOntologyDifferences(before.ontology, now.ontology).length;
  return inOntology > 0 && findJobDifferences(before, now).length === inOntology;
}

/** `first-2` for `first`, or the next number where that exists. */
function findFreeName(outDir: string): string {
  for (let number = 2; ; number++) if (!existsSync(`${outDir}-${number}`)) return `${outDir}-${number}`;
}

function describeOffer({ outDir, features }: Places): string {
  const other = `--out ${quoteForShell(findFreeName(outDir))}`;
  if (features !== undefined) {
    return (
      `Images whose features are in ${features} are annotated without their encoder: ` +
      `the same command with ${other} does it into another folder, with --restart into this one.`
    );
  }
  return (
    `To try prompts in seconds, keep image features: the same command with --features features ${other} encodes each ` +
    'image a last time, and other prompts are then annotated hundreds of times faster, with --restart into that folder.'
  );
}
