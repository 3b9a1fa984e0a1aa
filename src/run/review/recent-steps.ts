import { findOverwritten, type PastStep, type SavedDecision } from '../../core/review/overwritten.js';
import type { Change, Decision } from '../../core/review/decision.js';

export const MAX_REMEMBERED = 10_000; // steps
export const MAX_CHANGES = 100_000; // of all of them: some 20 MB

/** What is known of a step besides what it has made of its image. */
export interface StepOrigin {
  readonly id?: string | undefined;
  readonly base?: number | undefined; // revision of what the page showed of the image; 0: nothing; undefined: unknown
  readonly changes: readonly Change[];
}

interface RememberedStep extends PastStep {
  readonly saved: SavedDecision;
}

/**
 * The last steps of a review: by them, a step that is sent again is recognised, and a page that was away is told what
 * it has missed.
 */
export class RecentSteps {
  #steps: RememberedStep[] = []; // by revision
  readonly #byId = new Map<string, RememberedStep>();
  readonly #byImage = new Map<string, RememberedStep[]>();
  #changes = 0;
  #forgotten = 0; // revision of the last step that is not remembered any more

  /** @param revision - Of the last step that is not remembered. */
  beginAfter(revision: number): void {
    this.#forgotten = revision;
  }

  /** @param decision - What the step, which is the latest one, has made of its image. */
  add(decision: Decision, { id, base, changes }: StepOrigin): SavedDecision {
    const { revision, author, image, sha256 } = decision;
    const earlier = this.#byImage.get(image) ?? [];
    const unseen =
      base === undefined ? [] : earlier.filter((one) => one.revision > base && one.saved.sha256 === sha256);
    const overwrote = findOverwritten({ id, changes }, unseen);
    const saved: SavedDecision = {
      ...decision,
      ...(id === undefined ? {} : { step: id }),
      ...(overwrote.length === 0 ? {} : { overwrote }),
    };
    const step = { id, revision, author, changes, saved };
    this.#steps.push(step);
    this.#byImage.set(image, earlier);
    earlier.push(step);
    if (id !== undefined) this.#byId.set(id, step);
    this.#changes += changes.length;
    return saved;
  }

  /** Takes steps back that could not be saved. */
  removeAfter(revision: number): void {
    for (let step = this.#steps.at(-1); step !== undefined && step.revision > revision; step = this.#steps.at(-1)) {
      this.#steps.pop();
      this.#forget(step, 'last');
    }
  }

  /** Forgets the oldest. Not while some may have to be taken back. */
  trim(): void {
    if (this.#steps.length <= MAX_REMEMBERED && this.#changes <= MAX_CHANGES) return;
    let count = 0;
    // Down to half, so that this is rare.
    while (this.#steps.length - count > MAX_REMEMBERED / 2 || this.#changes > MAX_CHANGES / 2) {
      const step = this.#steps[count++];
      if (step === undefined) break;
      this.#forget(step, 'first');
      this.#forgotten = step.revision;
    }
    this.#steps = this.#steps.slice(count);
  }

  byId(id: string): SavedDecision | undefined {
    return this.#byId.get(id)?.saved;
  }

  /** What was saved after a revision, in its order; undefined: not all of it is remembered. */
  after(revision: number): readonly SavedDecision[] | undefined {
    if (revision < this.#forgotten) return undefined;
    let first = this.#steps.length;
    while (first > 0 && this.#steps[first - 1]!.revision > revision) first--;
    return this.#steps.slice(first).map(({ saved }) => saved);
  }

  #forget(step: RememberedStep, place: 'first' | 'last'): void {
    const { id, saved, changes } = step;
    if (id !== undefined) this.#byId.delete(id);
    this.#changes -= changes.length;
    const ofImage = this.#byImage.get(saved.image)!;
    if (place === 'first') ofImage.shift();
    else ofImage.pop();
    if (ofImage.length === 0) this.#byImage.delete(saved.image);
  }
}
