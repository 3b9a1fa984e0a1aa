import { iou, type Xyxy } from '../box.js';
import type { DecidedBox, Decision } from './decision.js';

/** How far a new box of the model may overlap one that was decided, and still be shown as a suggestion. */
const SUGGESTED_IOU = 0.5;

/** In ids: the number that a patch has in several models' boxes of an image follows. */
const AGAIN = '-';

/** What of a model's box decides whether it was decided on. */
interface ModelBox {
  readonly patchId: number;
  readonly box: Xyxy;
}

/** The id of a model's box among those of its image. */
export function idOfModelBox({ patchId }: Pick<ModelBox, 'patchId'>): string {
  return `p${patchId}`;
}

/** The id for deciding on a model's box, where one of another model may have its number already. */
export function idForDeciding(found: ModelBox, boxes: readonly DecidedBox[]): string {
  const id = idOfModelBox(found);
  const same = boxes.find((box) => isSameBox(found, box));
  if (same !== undefined) return same.id;
  const taken = new Set(boxes.map((box) => box.id));
  if (!taken.has(id)) return id;
  let again = 2;
  while (taken.has(`${id}${AGAIN}${again}`)) again++;
  return `${id}${AGAIN}${again}`;
}

/** What an image shows once people have decided on it. */
export interface ReviewedBoxes<Found> {
  readonly decided: readonly DecidedBox[]; // without those that were rejected
  readonly drafts: readonly Found[]; // of the model; of an accepted image, none
  readonly suggestions: readonly Found[]; // of an accepted image: boxes of a later run where none was decided
}

/**
 * Joins what the model found in an image, as selected, with what people decided about it.
 *
 * @param selected - Above the thresholds, after suppression.
 */
export function joinReview<Found extends ModelBox>(
  selected: readonly Found[],
  { state, boxes }: Pick<Decision, 'state' | 'boxes'>,
): ReviewedBoxes<Found> {
  const undecided = selected.filter((found) => !boxes.some((box) => isSameBox(found, box)));
  const decided = boxes.filter(({ status }) => status !== 'rejected');
  if (state === 'open') return { decided, drafts: undecided, suggestions: [] };
  const isNew = ({ box }: Found) => boxes.every((one) => iou(one.box, box) < SUGGESTED_IOU);
  return { decided, drafts: [], suggestions: undecided.filter(isNew) };
}

/** Models of other sizes number their patches differently: the same number alone does not make the same box. */
export function isSameBox(found: ModelBox, { id, from }: DecidedBox): boolean {
  if (from?.every((value, i) => value === found.box[i]) !== true) return false;
  return id.split(AGAIN)[0] === idOfModelBox(found);
}
