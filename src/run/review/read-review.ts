import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { fromCompactChanges } from '../../core/review/compact.js';
import { applyChanges, decidedBefore, type Decision } from '../../core/review/decision.js';
import { printable } from '../../core/text.js';
import { CheckedFile, damagedLineError, type DamageAdvice } from '../entries/checked-file.js';
import { parseIntactLine, type LinesDigest } from '../../disk/checked-line.js';
import { jsonError } from '../../disk/json.js';
import { MAX_REMEMBERED, type StepOrigin } from './recent-steps.js';
import { ReviewLine, WholeReviewLine } from './review-line.js';

export const REVIEW_FILE = 'review.jsonl';
const ADVICE: DamageAdvice = {
  onLine: () =>
    'Restore the file from a copy, or delete this line: what its step changed is lost, and the others stay.',
  onFile: 'Restore the file from a copy, or use the version of preannotate that wrote it.',
};

/** What a file of decisions holds. */
export interface ReviewContents {
  readonly path: string;
  readonly decisions: Map<string, Decision>; // by image name: the last line of each
  readonly revision: number; // of the last line; 0 where there is none
  readonly endOffset: number; // bytes of whole lines; at most one torn line follows
  readonly isTorn: boolean;
  readonly digest: LinesDigest; // of whole lines
  readonly steps: readonly ReadStep[]; // the last ones, in their order
}

/** A step, and what was decided about its image after it. */
interface ReadStep {
  readonly decision: Decision;
  readonly origin: StepOrigin;
}

/**
 * What people decided about the images of a run, by image name.
 *
 * @throws PreannotateError JOURNAL_DAMAGED naming the file and the damaged line.
 */
export async function readReview(outDir: string): Promise<ReadonlyMap<string, Decision>> {
  return (await readReviewContents(outDir)).decisions;
}

/** The same, with what is needed to add lines. A folder without decisions has no such file. */
export async function readReviewContents(outDir: string): Promise<ReviewContents> {
  const path = join(outDir, REVIEW_FILE);
  const decisions = new Map<string, Decision>();
  const file = new CheckedFile(path, ADVICE);
  let steps: ReadStep[] = [];
  let revision = 0;
  for await (const batch of file.batches()) {
    for (const { content, number } of batch) {
      const step = readStep(content, { path, line: number }, decisions);
      const { decision } = step;
      if (decision.revision <= revision) throw orderError(path, number);
      decisions.set(decision.image, decision);
      if (steps.push(step) >= 2 * MAX_REMEMBERED) steps = steps.slice(-MAX_REMEMBERED);
      revision = decision.revision;
    }
  }
  const { endOffset, isTorn, digest } = file;
  return { path, decisions, revision, endOffset, isTorn, digest, steps: steps.slice(-MAX_REMEMBERED) };
}

function readStep(
  content: Buffer,
  { path, line }: { path: string; line: number },
  decisions: ReadonlyMap<string, Decision>,
): ReadStep {
  const value = parseIntactLine(content);
  if (value === undefined) throw damagedLineError(path, line, ADVICE);
  const isWhole = typeof value === 'object' && value !== null && 'boxes' in value;
  const where = `${path}:${line}`;
  return isWhole ? toWholeStep(value, where) : toStep(value, where, decisions);
}

function toStep(value: unknown, where: string, decisions: ReadonlyMap<string, Decision>): ReadStep {
  const { data, error } = ReviewLine.safeParse(value);
  if (data === undefined) throw jsonError(where, error, { code: 'JOURNAL_DAMAGED', hint: ADVICE.onFile });
  const { image, sha256, revision, author, at, step: id, base } = data;
  const changes = fromCompactChanges(data.changes);
  const decided = applyChanges(decidedBefore(decisions.get(image), sha256), changes);
  return { decision: { image, sha256, revision, ...decided, author, at }, origin: { id, base, changes } };
}

function toWholeStep(value: object, where: string): ReadStep {
  const { data, error } = WholeReviewLine.safeParse(value);
  if (data === undefined) throw jsonError(where, error, { code: 'JOURNAL_DAMAGED', hint: ADVICE.onFile });
  const { changes, ...decision } = data;
  return { decision, origin: { changes } };
}

function orderError(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)}:${line}: its revision is not above that of the line before it.`,
    hint: 'Lines were moved or repeated. Restore the file from a copy, or delete the lines that are out of order.',
  });
}
