import type { Change } from '../../../core/review/decision.js';

/** One thing a person did, and how it is taken back. */
export interface Step {
  readonly image: string; // name: numbers change when the run is brought up to date
  readonly changes: readonly Change[];
  readonly inverse: readonly Change[];
}

/** Steps that follow each other within this on one box are one: a box is moved by many presses of a key. */
const JOINED_WITHIN_MS = 1000;
const LONGEST = 1000;

/** What a person did in this tab, on any image, to be undone and done again. */
export class History {
  #done: (Step & { readonly at: number })[] = [];
  #undone: Step[] = [];

  /** @param at - Milliseconds, of any clock that goes on steadily. */
  record(step: Step, at: number): void {
    this.#undone.length = 0;
    const last = this.#done.at(-1);
    if (last !== undefined && at - last.at <= JOINED_WITHIN_MS && areOnOneBox(last, step)) {
      this.#done[this.#done.length - 1] = { ...last, changes: step.changes, at };
      return;
    }
    this.#done.push({ ...step, at });
    if (this.#done.length > LONGEST) this.#done.shift();
  }

  /** @returns What to take back; undefined: nothing. */
  undo(): Step | undefined {
    const step = this.#done.pop();
    if (step !== undefined) this.#undone.push(step);
    return step;
  }

  /** @returns What to do again; undefined: nothing. */
  redo(): Step | undefined {
    const step = this.#undone.pop();
    if (step !== undefined) this.#done.push({ ...step, at: -Infinity });
    return step;
  }

  /** Forgets what was done on images that are gone. */
  keepImages(isThere: (image: string) => boolean): void {
    this.#done = this.#done.filter(({ image }) => isThere(image));
    this.#undone = this.#undone.filter(({ image }) => isThere(image));
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }
}

function areOnOneBox(a: Step, b: Step): boolean {
  const [first, second] = [onlyPlacing(a), onlyPlacing(b)];
  return a.image === b.image && first !== undefined && first === second && isContinued(a, b);
}

/** Whether a step begins with what the one before it has left: no one else has changed the box in between. */
function isContinued({ changes: [left] }: Step, { inverse: [before] }: Step): boolean {
  if (left?.op !== 'set' || before?.op !== 'set') return false;
  return left.box.class === before.box.class && left.box.box.every((side, i) => side === before.box.box[i]);
}

/** The box that a step gives a place, and does nothing else to. */
function onlyPlacing({ changes: [change, ...others], inverse: [before, ...rest] }: Step): string | undefined {
  if (change?.op !== 'set' || others.length > 0 || rest.length > 0) return undefined;
  const isPlaced = change.box.status === 'corrected' || change.box.status === 'drawn';
  const isSameClass = before?.op === 'set' ? before.box.class === change.box.class : before?.op === 'forget';
  return isPlaced && isSameClass ? change.box.id : undefined;
}
