import type { Change, DecidedBox, Decision } from './decision.js';

/** A step, as far as it can overwrite another one, or be overwritten. */
export interface PastStep {
  readonly id?: string | undefined; // `<page>-<number>`: chosen by the page that sent it
  readonly revision: number;
  readonly author: string;
  readonly changes: readonly Change[];
}

/** A change of someone else that a step has overwritten, because its page had not seen it. */
export interface Overwritten {
  readonly step?: string; // id of the step that made it
  readonly author: string;
  readonly change: Change;
}

/** A decision as pages are told of it: with the step that made it, and what that one has overwritten. */
export interface SavedDecision extends Decision {
  readonly step?: string;
  readonly overwrote?: readonly Overwritten[]; // left out: nothing
}

/** The page that made a step; undefined for a step that names none. */
export function pageOfStep(id: string | undefined): string | undefined {
  return id?.slice(0, id.lastIndexOf('-'));
}

/**
 * Finds what a step overwrites without having seen it: of each box that it changes, and of the state of the image, the
 * last change that others made after the revision that the step was based on. The same change made twice is none.
 *
 * @param unseen - Steps on the same bytes of the image after the revision that the step was based on, in their order.
 */
export function findOverwritten(
  step: Pick<PastStep, 'id' | 'changes'>,
  unseen: readonly PastStep[],
): readonly Overwritten[] {
  if (unseen.length === 0) return [];
  const last = new Map<string, { readonly by: PastStep; readonly change: Change }>();
  for (const by of unseen) for (const change of by.changes) last.set(subjectOf(change), { by, change });
  const page = pageOfStep(step.id);
  const own = new Map(step.changes.map((change) => [subjectOf(change), change]));
  return [...own].flatMap(([subject, change]): Overwritten[] => {
    const found = last.get(subject);
    if (found === undefined || areSameChange(found.change, change)) return [];
    const { id, author } = found.by;
    if (page !== undefined && pageOfStep(id) === page) return [];
    return [{ ...(id === undefined ? {} : { step: id }), author, change: found.change }];
  });
}

/** What a change is about: a box, or the state of the image. */
export function subjectOf(change: Change): string {
  return change.op === 'set' ? `box ${change.box.id}` : change.op === 'forget' ? `box ${change.id}` : 'state';
}

function areSameChange(a: Change, b: Change): boolean {
  if (a.op === 'state') return b.op === 'state' && a.state === b.state;
  if (a.op === 'forget') return b.op === 'forget';
  return b.op === 'set' && isDecidedAlike(a.box, b.box);
}

/** Whether two boxes are decided alike: as the same class at the same place. */
export function isDecidedAlike(a: DecidedBox, b: DecidedBox): boolean {
  return a.status === b.status && a.class === b.class && a.box.every((side, i) => side === b.box[i]);
}
