import { createHash } from 'node:crypto';
import { iou, type Xyxy } from '../../core/box.js';
import type { DecidedBox, Decision } from '../../core/review/decision.js';
import type { ModelBox } from '../../core/review/model-box.js';
import { idForDeciding, isSameBox, joinReview } from '../../core/review/reviewed-boxes.js';

/** A box as another program has it. */
export interface DrawnBox {
  readonly class: string; // of the ontology
  readonly box: Xyxy; // pixels of the upright image, 2 decimals, inside it
  readonly tolerance: number; // pixels by which writing and reading may have moved its sides
}

/** An image before its boxes are taken over. */
export interface ImageToDecide {
  readonly shown: readonly ModelBox[]; // above the thresholds, after suppression
  readonly stored: readonly ModelBox[]; // all that the model found
  readonly before: Pick<Decision, 'state' | 'boxes'>; // what was decided about the image until now
}

/** A box of a class that overlaps one of its class by this or more is the same, moved. */
const MOVED_FROM = 0.5;
/** A box that overlaps one of another class by this or more is the same, with another class. */
const RENAMED_FROM = 0.75;

/**
 * What a person must have decided, for an image to have these boxes. Each box is paired with one that was shown: with
 * one in its place, else with the one that it overlaps most. Those of the model that are left over were rejected, and
 * boxes that have none were drawn.
 */
export function decideBoxes(drawn: readonly DrawnBox[], image: ImageToDecide): DecidedBox[] {
  const { shown, before } = image;
  const known = [
    ...before.boxes.map((box): Known => ({ box, model: modelBoxOf(box, shown), isUndecided: false })),
    ...undecidedOf(image).map((model): Known => ({ box: keep(model, before.boxes), model, isUndecided: true })),
  ];
  const patches = new Set(shown.map(({ patchId }) => patchId));
  const hidden = image.stored
    .filter((model) => !patches.has(model.patchId) && !before.boxes.some((box) => isSameBox(model, box)))
    .map((model): Known => ({ box: keep(model, before.boxes), model, isUndecided: true }));
  const pairs = new Map<Known, DrawnBox>();
  const exact = pairExactly(drawn, [...known, ...hidden], pairs);
  pairByOverlap(drawn, known, pairs);
  const taken = new Set(pairs.values());
  const isAccepted = before.state === 'accepted';
  const decided = [...known, ...hidden.filter((one) => pairs.has(one))].flatMap((one): DecidedBox[] => {
    const own = pairs.get(one);
    if (own !== undefined) return [exact.has(one) ? confirm(one) : change(one, own)];
    return one.isUndecided && isAccepted ? [] : dismiss(one); // boxes of a later run wait for someone to decide on them
  });
  const others = drawn.filter((one) => !taken.has(one));
  return [...decided, ...draw(others, new Set(decided.map(({ id }) => id)))];
}

/** A box that was there, with what it is of the model's, if it is. */
interface Known {
  readonly box: DecidedBox;
  readonly model: ModelBox | undefined;
  readonly isUndecided: boolean;
}

function undecidedOf({ shown, before }: ImageToDecide): readonly ModelBox[] {
  const { drafts, suggestions } = joinReview(shown, before);
  return [...drafts, ...suggestions];
}

function modelBoxOf(box: DecidedBox, shown: readonly ModelBox[]): ModelBox | undefined {
  return shown.find((model) => isSameBox(model, box));
}

/** A box of the model as it is. */
function keep(model: ModelBox, decided: readonly DecidedBox[]): DecidedBox {
  const { class: name, box, prompt, score } = model;
  return { id: idForDeciding(model, decided), status: 'kept', class: name, box, from: box, prompt, score };
}

/** @returns What was paired. */
function pairExactly(
  drawn: readonly DrawnBox[],
  known: readonly Known[],
  pairs: Map<Known, DrawnBox>,
): ReadonlySet<Known> {
  const candidates = listPairs(drawn, known, (one, { box }) => {
    const moved = distance(one.box, box.box);
    return one.class === box.class && moved <= one.tolerance ? -moved : undefined;
  });
  take(candidates, pairs);
  return new Set(pairs.keys());
}

function pairByOverlap(drawn: readonly DrawnBox[], known: readonly Known[], pairs: Map<Known, DrawnBox>): void {
  const taken = new Set(pairs.values());
  const [open, free] = [drawn.filter((one) => !taken.has(one)), known.filter((one) => !pairs.has(one))];
  const candidates = listPairs(open, free, (one, { box }) => {
    const overlap = iou(one.box, box.box);
    return overlap >= (one.class === box.class ? MOVED_FROM : RENAMED_FROM) ? overlap : undefined;
  });
  take(candidates, pairs);
}

interface Candidate {
  readonly drawn: DrawnBox;
  readonly known: Known;
  readonly fit: number;
}

/** Best first; of equal ones a box that was rejected comes last, and one of the same class before one of another. */
function listPairs(
  drawn: readonly DrawnBox[],
  known: readonly Known[],
  fitOf: (drawn: DrawnBox, known: Known) => number | undefined,
): Candidate[] {
  const candidates = drawn.flatMap((one) =>
    known.flatMap((other): Candidate[] => {
      const fit = fitOf(one, other);
      return fit === undefined ? [] : [{ drawn: one, known: other, fit }];
    }),
  );
  const isOther = ({ drawn: one, known: { box } }: Candidate) => Number(one.class !== box.class);
  const isRejected = ({ known: { box } }: Candidate) => Number(box.status === 'rejected');
  return candidates.sort((a, b) => b.fit - a.fit || isRejected(a) - isRejected(b) || isOther(a) - isOther(b));
}

/** One to one. A patch that stands under several classes is one box. */
function take(candidates: readonly Candidate[], pairs: Map<Known, DrawnBox>): void {
  const taken = new Set<DrawnBox>();
  const ids = new Set<string>();
  for (const { drawn, known } of candidates) {
    if (taken.has(drawn) || ids.has(known.box.id)) continue;
    taken.add(drawn);
    ids.add(known.box.id);
    pairs.set(known, drawn);
  }
}

/** A box that is as it was; one that was rejected is put back. */
function confirm({ box, model }: Known): DecidedBox {
  if (box.status !== 'rejected') return box;
  const isAsFound = model !== undefined && model.class === box.class && distance(model.box, box.box) === 0;
  return { ...box, status: isAsFound ? 'kept' : 'corrected' };
}

function change({ box, model }: Known, { class: name, box: place, tolerance }: DrawnBox): DecidedBox {
  if (box.status === 'drawn') return { ...box, class: name, box: place };
  if (model !== undefined && model.class === name && distance(model.box, place) <= tolerance)
    return { ...box, status: 'kept', class: name, box: model.box };
  return { ...box, status: 'corrected', class: name, box: place };
}

/** A box that is gone: one of the model was rejected, one that a person drew is forgotten. */
function dismiss({ box }: Known): DecidedBox[] {
  if (box.status === 'drawn') return [];
  return box.status === 'rejected' ? [box] : [{ ...box, status: 'rejected', box: box.from ?? box.box }];
}

function draw(boxes: readonly DrawnBox[], takenIds: Set<string>): DecidedBox[] {
  return boxes.map(({ class: name, box }): DecidedBox => {
    const id = freeId({ class: name, box }, takenIds);
    takenIds.add(id);
    return { id, status: 'drawn', class: name, box };
  });
}

/** The same each time for a box: taking over the same boxes again changes nothing. */
function freeId({ class: name, box }: Pick<DecidedBox, 'class' | 'box'>, takenIds: ReadonlySet<string>): string {
  for (let attempt = 0; ; attempt++) {
    const hash = createHash('sha256').update(JSON.stringify([name, ...box, attempt]));
    const id = `i${hash.digest('hex').slice(0, 12)}`;
    if (!takenIds.has(id)) return id;
  }
}

/** The largest distance between two sides. */
export function distance(a: Xyxy, b: Xyxy): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}
