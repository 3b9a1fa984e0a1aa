import type { Xyxy } from '../box.js';

/** What a person decided about one box. */
export type BoxStatus =
  | 'kept' // a box of the model, as it was
  | 'corrected' // a box of the model with another place, size or class
  | 'drawn' // by the person
  | 'rejected'; // a box of the model that is none

/** A box that a person has decided on. */
export interface DecidedBox {
  readonly id: string; // of the image's boxes: `p<patch>` of a box of the model, else chosen by who drew it
  readonly status: BoxStatus;
  readonly class: string; // of the ontology
  readonly box: Xyxy; // pixels of the upright image, 2 decimals, inside it
  readonly from?: Xyxy; // of a box of the model: where the model had it
  readonly prompt?: string; // of a box of the model: that found it
  readonly score?: number; // of a box of the model
}

/**
 * What people decided about one image: what the steps of review.jsonl on it add up to. While it is open, `boxes` are
 * those that were touched, and all others are as the model drew them: without any, nothing is decided (any more). Once
 * it is accepted, `boxes` are all there are.
 */
export interface Decision {
  readonly image: string; // name
  readonly sha256: string; // of the bytes that were looked at
  readonly revision: number; // of all decisions of a folder, counted from 1: each change has the next one
  readonly state: 'open' | 'accepted';
  readonly boxes: readonly DecidedBox[];
  readonly author: string;
  readonly at: string; // ISO 8601, UTC
}

/** One step of a person. Steps on different boxes of an image can come from two people at once, and both count. */
export type Change =
  | { readonly op: 'set'; readonly box: DecidedBox } // adds it, or replaces the one with this id
  | { readonly op: 'forget'; readonly id: string } // as if it had never been decided
  | { readonly op: 'state'; readonly state: Decision['state'] };

/** What changes to an image begin with: a decision about other bytes than those that are looked at is over. */
export function decidedBefore(earlier: Decision | undefined, sha256: string): Pick<Decision, 'state' | 'boxes'> {
  return earlier?.sha256 === sha256 ? earlier : { state: 'open', boxes: [] };
}

/** Applies changes in their order. Boxes stay in the order in which they were first decided. */
export function applyChanges(
  { state, boxes }: Pick<Decision, 'state' | 'boxes'>,
  changes: readonly Change[],
): Pick<Decision, 'state' | 'boxes'> {
  const byId = new Map(boxes.map((box) => [box.id, box]));
  let next = state;
  for (const change of changes) {
    if (change.op === 'set') byId.set(change.box.id, change.box);
    else if (change.op === 'forget') byId.delete(change.id);
    else next = change.state;
  }
  return { state: next, boxes: [...byId.values()] };
}

/** The changes that take back what others did to the image before them. */
export function invertChanges(
  { state, boxes }: Pick<Decision, 'state' | 'boxes'>,
  changes: readonly Change[],
): Change[] {
  const before = new Map(boxes.map((box) => [box.id, box]));
  const ids = new Set(
    changes.flatMap((change) => (change.op === 'state' ? [] : change.op === 'set' ? change.box.id : change.id)),
  );
  const restored = [...ids].map((id): Change => {
    const box = before.get(id);
    return box === undefined ? { op: 'forget', id } : { op: 'set', box };
  });
  return changes.some(({ op }) => op === 'state') ? [...restored, { op: 'state', state }] : restored;
}

/** The changes that make one decision of another one. */
export function toChanges(
  before: Pick<Decision, 'boxes'> | undefined,
  { state, boxes }: Pick<Decision, 'state' | 'boxes'>,
): Change[] {
  return [
    ...(before?.boxes ?? []).map(({ id }): Change => ({ op: 'forget', id })), // boxes keep the order of the later one
    ...boxes.map((box): Change => ({ op: 'set', box })),
    { op: 'state', state },
  ];
}
