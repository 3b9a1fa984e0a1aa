import type { Size, Xyxy } from '../../../../core/box.js';
import type { BoxStatus, Change, Decision } from '../../../../core/review/decision.js';
import { isSameBox, scaleBox } from '../geometry/edit-box.js';
import { setBox } from '../../boxes/decide.js';
import type { ShownBox } from '../../boxes/shown-box.js';

/** What people do to boxes, as changes of a decision; pure. */

/** Keeps a box as it is, which a draft or a suggestion becomes part of the decision by. */
export function keepBox(box: ShownBox): Change[] {
  return box.status === 'draft' || box.status === 'suggestion' ? [setBox(box, 'kept')] : [];
}

/** Rejects a box of the model; one that a person drew is forgotten. */
export function rejectBox(box: ShownBox): Change[] {
  if (box.status === 'rejected') return [];
  return [box.status === 'drawn' ? { op: 'forget', id: box.id } : setBox(box, 'rejected')];
}

/**
 * Takes a rejection back.
 *
 * @param modelClass - The class that the model gave the box.
 * @param isDraft - Whether the box would be a draft again: it is above the threshold in an image that is open.
 */
export function restoreBox(
  box: ShownBox,
  { modelClass, isDraft }: { readonly modelClass: string | undefined; readonly isDraft: boolean },
): Change[] {
  const status = statusOf(box, modelClass);
  return [isDraft && status === 'kept' ? { op: 'forget', id: box.id } : setBox(box, status)];
}

/** Gives a box another place or class. What is as the model had it is kept, whatever way it took. */
export function editBox(
  box: ShownBox,
  to: { readonly box?: Xyxy; readonly class?: string },
  modelClass: string | undefined,
): Change[] {
  const edited = { ...box, ...to };
  const isEdited = edited.class !== box.class || !isSameBox(edited.box, box.box);
  return isEdited ? [setBox(edited, statusOf(edited, modelClass))] : [];
}

export function drawBox(id: string, name: string, box: Xyxy): Change[] {
  return [{ op: 'set', box: { id, status: 'drawn', class: name, box } }];
}

/** Draws boxes of one image into another, at the same part of it; those that are there already are left out. */
export function copyBoxes(
  boxes: readonly ShownBox[],
  sizes: { readonly from: Size; readonly to: Size },
  into: { readonly boxes: Decision['boxes']; readonly newId: () => string },
): Change[] {
  return boxes.flatMap(({ class: name, box }): Change[] => {
    const scaled = scaleBox(box, sizes.from, sizes.to);
    const isThere = into.boxes.some(
      (one) => one.status !== 'rejected' && one.class === name && isSameBox(one.box, scaled),
    );
    return isThere ? [] : drawBox(into.newId(), name, scaled);
  });
}

function statusOf({ from, class: name, box }: ShownBox, modelClass: string | undefined): BoxStatus {
  if (from === undefined) return 'drawn';
  return isSameBox(from, box) && name === modelClass ? 'kept' : 'corrected';
}
