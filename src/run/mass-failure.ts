import { PreannotateError, type Failure, type FailureCode } from '../core/errors.js';
import type { ImageFile, ImageOutcome } from '../core/image.js';
import { printable } from '../core/text.js';

/** Failures in a row, in the order of names, that stop a run: so many files are hardly ever all damaged. */
const LONGEST_ROW = 200;

/** The disk fails, not the file: different errors of this kind make one row. */
const DISK_FAILURES: readonly FailureCode[] = ['IMAGE_UNREADABLE', 'IMAGE_TIMEOUT'];

/** The failed images that a run may have: a number, or a share (0–1) of all. */
export type ErrorBudget = { readonly count: number } | { readonly share: number };

/** @param images - How many the run is asked to annotate. */
export function allowedFailures(budget: ErrorBudget, images: number): number {
  return 'count' in budget ? budget.count : budget.share * images;
}

/** Images that failed in the same way, one after the other. */
interface Row {
  readonly first: number; // place
  readonly last: number;
  readonly kind: string;
  readonly reason: string; // of the first
}

/** What a run works on. */
interface Work {
  readonly images: number; // that the run is asked to annotate, those that are finished included
  readonly found: readonly ImageFile[]; // all, sorted by name
  readonly pending: readonly ImageFile[]; // of them, in the same order
  readonly isFinished: (name: string) => boolean; // by an earlier attempt
  readonly budget: ErrorBudget;
}

/**
 * Notices that it makes no sense to go on: a disk that is gone fails every image, and 500,000 failures would be worked
 * through for nothing. Rows are counted in the order of names and not in that of completion, which differs from run to
 * run; images that were finished before interrupt them.
 */
export class MassFailure {
  readonly #places: readonly number[]; // of the pending images
  readonly #rows = new Map<number, Row>(); // by the places of their ends
  readonly #budget: ErrorBudget;
  readonly #allowed: number;
  #first: string | undefined; // the reason of the first failure

  constructor({ images, found, pending, isFinished, budget }: Work) {
    this.#places = placesOf(pending, found, isFinished);
    this.#budget = budget;
    this.#allowed = allowedFailures(budget, images);
  }

  /**
   * @param index - Of the image among those pending.
   * @param failed - Images and folders that have failed so far, this one included.
   * @returns Why the run should stop, if it should.
   */
  check(index: number, outcome: ImageOutcome, failed: number): PreannotateError | undefined {
    if (outcome.ok || this.#acceptsAll) return undefined;
    this.#first ??= outcome.failure.message;
    const row = this.#extendRow(this.#places[index]!, outcome);
    const isExceeded = failed > this.#allowed;
    const isLong = row.last - row.first + 1 >= LONGEST_ROW;
    if (isLong && row.kind === 'disk') return diskError(row);
    if (isLong && isExceeded) return sameFailureError(row);
    // Without a budget, which is 0 then, a damaged image costs no other one.
    return isExceeded && this.#allowed > 0 ? budgetError(failed, this.#budget, this.#first) : undefined;
  }

  get #acceptsAll(): boolean {
    return 'share' in this.#budget && this.#budget.share >= 1;
  }

  /** Joins the rows that end beside a place. */
  #extendRow(place: number, { name, failure }: { name: string; failure: Failure }): Row {
    const kind = kindOf(failure, name);
    const before = this.#rows.get(place - 1);
    const after = this.#rows.get(place + 1);
    const left = before?.kind === kind ? before : undefined;
    const right = after?.kind === kind ? after : undefined;
    const row = {
      first: left?.first ?? place,
      last: right?.last ?? place,
      kind,
      reason: left?.reason ?? failure.message,
    };
    this.#rows.set(row.first, row);
    this.#rows.set(row.last, row);
    return row;
  }
}

/** Places in the order of names, with gaps where finished images are. */
function placesOf(
  pending: readonly ImageFile[],
  found: readonly ImageFile[],
  isFinished: (name: string) => boolean,
): number[] {
  const places: number[] = [];
  let place = 0;
  for (const { name } of found) {
    if (name === pending[places.length]?.name) places.push(place++);
    else if (isFinished(name)) place++;
  }
  return places;
}

/** Failures of one kind have the same cause: one reason, but for the name of the image. */
function kindOf({ code, message }: Failure, name: string): string {
  if (DISK_FAILURES.includes(code)) return 'disk';
  return `${code} ${message.replaceAll(printable(name), '')}`;
}

const STOPPED = 'The run was stopped:';
const GO_ON = 'Then run the same command again: what was annotated is kept, and the failed images are tried again.';

function diskError({ first, last, reason }: Row): PreannotateError {
  return new PreannotateError({
    code: 'MASS_FAILURE',
    message: `${STOPPED} ${last - first + 1} images in a row could not be read. The first: ${reason}`,
    hint: `Check the disk or network share that they are on, or leave them out with --exclude. ${GO_ON}`,
  });
}

function sameFailureError({ first, last, reason }: Row): PreannotateError {
  return new PreannotateError({
    code: 'MASS_FAILURE',
    message: `${STOPPED} ${last - first + 1} images in a row failed for the same reason. The first: ${reason}`,
    hint: `Fix them, leave them out with --exclude, or pass over them with --max-errors 100%. ${GO_ON}`,
  });
}

function budgetError(failed: number, budget: ErrorBudget, reason: string): PreannotateError {
  const allowed = 'count' in budget ? String(budget.count) : `${Number((budget.share * 100).toFixed(6))}%`;
  return new PreannotateError({
    code: 'MASS_FAILURE',
    message: `${STOPPED} ${failed} images failed, more than --max-errors ${allowed} allows. The first: ${reason}`,
    hint: `errors.jsonl has the reasons. Fix the images, or raise --max-errors. ${GO_ON}`,
  });
}
