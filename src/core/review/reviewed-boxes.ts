import { iou, type Xyxy } from '../box.js';
import type { DecidedBox, Decision } from './decision.js';

/** How far a new box of the model may overlap one that was decided, and still be shown as a suggestion. */
const SUGGESTED_IOU = 0.5;

/** What of a model's box decides whether it was decided on. */
interface ModelBox {
  readonly patchId: number;
  readonly box: Xyxy;
}

/** The id of a model's box among those of its image. */
export function idOfModelBox({ patchId }: Pick<ModelBox, 'patchId'>): string {
  return `p${patchId}`;
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
  const byId = new Map(boxes.map((box) => [box.id, box]));
  const undecided = selected.filter((found) => !isSame(found, byId.get(idOfModelBox(found))));
  const decided = boxes.filter(({ status }) => status !== 'rejected');
  if (state === 'open') return { decided, drafts: undecided, suggestions: [] };
  const isNew = ({ box }: Found) => boxes.every((one) => iou(one.box, box) < SUGGESTED_IOU);
  return { decided, drafts: [], suggestions: undecided.filter(isNew) };
}

/** Models of other sizes number their patches differently: the same number alone does not make the same box. */
function isSame({ box }: ModelBox, decided: DecidedBox | undefined): boolean {
  return decided?.from?.every((value, i) => value === box[i]) ?? false;
}
