import { join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { fromCompactChanges } from '../../core/review/compact.js';
import { applyChanges, decidedBefore, type Change, type Decision } from '../../core/review/decision.js';
import { countChanges, DecidedParts, toChanges, type Part } from '../../core/review/stored/decided-parts.js';
import { KeptTable } from '../../core/review/stored/kept-table.js';
import { StoredDecision } from '../../core/review/stored/stored-decision.js';
import { printable } from '../../core/text.js';
import { CheckedFile, damagedLineError, type DamageAdvice } from '../entries/checked-file.js';
import { parseIntactLine, type LinesDigest } from '../../disk/checked-line.js';
import { jsonError } from '../../disk/json.js';
import { LineScanner, type ScannedLine } from './line-scanner.js';
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
  readonly origin: ReadOrigin;
}

interface ReadOrigin extends Omit<StepOrigin, 'changes'> {
  readonly count: number; // of changes
  readonly changes: () => readonly Change[]; // which are made each time
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
  const file = new CheckedFile(path, ADVICE);
  const reader = new StepReader(path);
  let steps: ReadStep[] = [];
  let revision = 0;
  for await (const batch of file.batches()) {
    for (const { content, number } of batch) {
      const step = reader.read(content, number);
      if (step.decision.revision <= revision) throw orderError(path, number);
      if (steps.push(step) >= 2 * MAX_REMEMBERED) steps = steps.slice(-MAX_REMEMBERED);
      revision = step.decision.revision;
    }
  }
  const { endOffset, isTorn, digest } = file;
  const { decisions } = reader;
  return { path, decisions, revision, endOffset, isTorn, digest, steps: steps.slice(-MAX_REMEMBERED) };
}

/** Adds up the steps of a file. Boxes are made when they are asked for: most never are. */
class StepReader {
  readonly decisions = new Map<string, Decision>();
  readonly #path: string;
  readonly #table = new KeptTable();
  readonly #scanner = new LineScanner(this.#table);

  constructor(path: string) {
    this.#path = path;
  }

  /** @param line - Whose checksum is right. */
  read(line: Buffer, number: number): ReadStep {
    const scanned = this.#scanner.read(line);
    const step = scanned === undefined ? this.#parse(line, number) : this.#toStep(scanned);
    this.decisions.set(step.decision.image, step.decision);
    return step;
  }

  #toStep({ head, parts, state }: ScannedLine): ReadStep {
    const { image, sha256, revision, author, at, step: id, base } = head;
    const before = decidedBefore(this.decisions.get(image), sha256);
    const facts = { image, sha256, revision, state: state ?? before.state, author, at };
    const decision = new StoredDecision(facts, new DecidedParts(this.#table, joinParts(partsOf(before), parts)));
    const changes = () => toChanges(parts, this.#table);
    return { decision, origin: { id, base, count: countChanges(parts), changes } };
  }

  #parse(line: Buffer, number: number): ReadStep {
    const value = parseIntactLine(line);
    if (value === undefined) throw damagedLineError(this.#path, number, ADVICE);
    const isWhole = typeof value === 'object' && value !== null && 'boxes' in value;
    const where = `${this.#path}:${number}`;
    return isWhole ? toWholeStep(value, where) : toStep(value, where, this.decisions);
  }
}

function joinParts(before: readonly Part[], parts: readonly Part[]): readonly Part[] {
  return before.length === 0 ? parts : [...before, ...parts];
}

/** So many parts are joined to boxes: each later step repeats them. */
const MOST_PARTS = 64;

function partsOf(before: Pick<Decision, 'state' | 'boxes'>): readonly Part[] {
  const source = StoredDecision.sourceOf(before);
  if (source instanceof DecidedParts && source.parts.length < MOST_PARTS) return source.parts;
  return before.boxes.map((box) => ({ op: 'set', box }));
}

function toStep(value: unknown, where: string, decisions: ReadonlyMap<string, Decision>): ReadStep {
  const { data, error } = ReviewLine.safeParse(value);
  if (data === undefined) throw jsonError(where, error, { code: 'JOURNAL_DAMAGED', hint: ADVICE.onFile });
  const { image, sha256, revision, author, at, step: id, base } = data;
  const changes = fromCompactChanges(data.changes);
  const decided = applyChanges(decidedBefore(decisions.get(image), sha256), changes);
  const origin = { id, base, count: changes.length, changes: () => changes };
  return { decision: { image, sha256, revision, ...decided, author, at }, origin };
}

function toWholeStep(value: object, where: string): ReadStep {
  const { data, error } = WholeReviewLine.safeParse(value);
  if (data === undefined) throw jsonError(where, error, { code: 'JOURNAL_DAMAGED', hint: ADVICE.onFile });
  const { changes, ...decision } = data;
  return { decision, origin: { count: changes.length, changes: () => changes } };
}

function orderError(path: string, line: number): PreannotateError {
  return new PreannotateError({
    code: 'JOURNAL_DAMAGED',
    message: `${printable(path)}:${line}: its revision is not above that of the line before it.`,
    hint: 'Lines were moved or repeated. Restore the file from a copy, or delete the lines that are out of order.',
  });
}
