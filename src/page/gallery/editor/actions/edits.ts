import type { Size, Xyxy } from '../../../../core/box.js';
import type { Change } from '../../../../core/review/decision.js';
import { countBoxes } from '../../../shared/count.js';
import { middleOfView, type Point } from '../../../shared/zoom/view.js';
import { accept as acceptImage } from '../../app/accept.js';
import { say, sayUnseen } from '../../app/announce.js';
import { canReview, redo, save, undo } from '../../app/decisions.js';
import { backend, current, decisionOf, goInGrid, order, pack, replaced, selectedBox, table } from '../../app/state.js';
import { copyBoxes, drawBox, editBox, keepBox, rejectBox, restoreBox } from '../boxes/changes.js';
import type { ShownBox } from '../../boxes/shown-box.js';
import { boxBetween, isSameBox, isSameSize, moveBox, resizeBox } from '../geometry/edit-box.js';
import { describeImage, goBy, goTo, imageAt, isThere, neighbourOf } from './navigate.js';
import {
  allBoxes,
  areRejectedShown,
  drawnClass,
  isDrawing,
  isPictureSettled,
  listedBoxes,
  modelClassOf,
  selected,
} from '../session/session.js';
import { viewport } from '../session/viewport.js';

/** What people do to the open image and its boxes. */

export function accept(): void {
  if (!mayEdit()) return;
  if (!isPictureSettled()) {
    say('The picture is still loading: accept it once you have seen it.');
    return;
  }
  const shown = allBoxes.value;
  const count = shown.filter(({ status }) => status !== 'rejected' && status !== 'suggestion').length;
  acceptImage(current.value!);
  goBy(1, `Accepted with ${countBoxes(count)}. `);
}

export function reopen(): void {
  if (!mayEdit()) return;
  if (!isAccepted()) {
    say('This image is not accepted.');
    return;
  }
  change([{ op: 'state', state: 'open' }]);
  say('Reopened.');
}

export function keep(): void {
  withSelected((box) => {
    if (box.status === 'rejected') restore(box);
    else change(keepBox(box));
    say('Kept.');
  });
}

/** Rejects the selected box, or takes that back. The box after it is selected, unless rejected ones are shown. */
export function rejectOrRestore(): void {
  withSelected((box) => {
    if (box.status === 'rejected') {
      restore(box);
      say('Restored.');
      return;
    }
    remove(box);
  });
}

export function deleteBox(): void {
  withSelected((box) => {
    if (box.status !== 'rejected') remove(box);
  });
}

export function changeClass(index: number): void {
  const name = pack.value!.facts.classes[index]?.name;
  if (name === undefined || !mayEdit()) return;
  drawnClass.value = index;
  const box = selected.value;
  if (box === undefined || box.status === 'rejected') return;
  const edits = editBox(box, { class: name }, modelClassOf(box));
  change(edits.length === 0 ? keepBox(box) : edits);
  say(`Class: ${name}.`);
}

export function move(by: Point): void {
  withPlaced((box) => moveBox(box.box, by, viewport.frame.image));
}

/** Moves the left or the upper edge, or the right or the lower one. */
export function resize(by: Point, edge: 'start' | 'end'): void {
  const [horizontal, vertical] = edge === 'start' ? (['w', 'n'] as const) : (['e', 's'] as const);
  const handle = by.x === 0 ? vertical : horizontal;
  withPlaced((box) => resizeBox(box.box, { handle, by }, viewport.frame.image));
}

export function place(box: ShownBox, to: Xyxy): void {
  if (!mayEdit()) return;
  // The box may have been changed elsewhere while a pointer had hold of it: all but its place stays as it is now.
  const now = allBoxes.value.find(({ id }) => id === box.id) ?? box;
  change(editBox(now, { box: to }, modelClassOf(now)));
  viewport.reveal(to);
  if (isSameBox(now.box, box.box)) sayUnseen(describePlace(to));
  else say(`This box was moved elsewhere meanwhile; it is where you put it. ${describePlace(to)}`);
}

export function draw(box: Xyxy): void {
  if (!mayEdit()) return;
  const id = newId();
  const name = pack.value!.facts.classes[drawnClass.value]!.name;
  isDrawing.value = false;
  change(drawBox(id, name, box));
  selectedBox.value = id;
  say(`New box, ${name}. ${describePlace(box)}`);
}

/** A new box in the middle of what is seen. */
export function drawInMiddle(): void {
  const { view, frame } = viewport;
  draw(boxBetween(...middleOfView(view, frame), frame.image));
}

/** Copies the selected box, or all of them, to the next image, and goes there. */
export function copyToNext(): void {
  if (!mayEdit()) return;
  const next = imageAt(1);
  if (next === undefined) {
    say('This is the last image: there is none to copy to.');
    return;
  }
  const boxes =
    selected.value === undefined
      ? allBoxes.value.filter(({ status }) => status !== 'rejected' && status !== 'suggestion')
      : [selected.value];
  const sizes = { from: sizeOf(current.value!), to: sizeOf(next) };
  const changes = copyBoxes(boxes, sizes, { boxes: decisionOf(next)?.boxes ?? [], newId });
  save(next, changes);
  const left = boxes.length - changes.length;
  const isScaled = changes.length > 0 && !isSameSize(sizes.from, sizes.to);
  goTo(
    next,
    `${countBoxes(changes.length)} copied` +
      (isScaled ? ', scaled: the images have different sizes' : '') +
      (left === 0 ? '. ' : `, ${left} ${left === 1 ? 'is' : 'are'} there already. `),
  );
}

function sizeOf(image: number): Size {
  const { widths, heights } = pack.value!.facts.images;
  return { width: widths[image]!, height: heights[image]! };
}

/** Undoes or does again a step on any image, and goes to that image: from the grid, to its place there. */
export function goThroughHistory(step: 'undo' | 'redo'): void {
  if (!mayReview()) return;
  const replayed = step === 'undo' ? undo() : redo();
  const image = replayed?.image;
  const done =
    replayed?.isDone === false ? 'Changed elsewhere since: not done. ' : step === 'undo' ? 'Undone. ' : 'Redone. ';
  if (image === undefined)
    say(step === 'undo' ? 'Nothing to undo. Undo begins anew when the page is loaded.' : 'Nothing to redo.');
  else if (image === current.value) say(done);
  else if (current.value === undefined && order.value.includes(image)) {
    goInGrid.value = { image };
    say(`${done}${describeImage(image)}`);
  } else goTo(image, done);
  if (!isThere(selectedBox.value)) selectedBox.value = undefined;
}

export function isAccepted(): boolean {
  return current.value !== undefined && decisionOf(current.value)?.state === 'accepted';
}

function remove(box: ShownBox): void {
  const next = neighbourOf(box.id);
  change(rejectBox(box));
  if (box.status === 'drawn') say('Deleted.');
  else say('Rejected.');
  if (box.status === 'drawn' || !areRejectedShown.value) selectedBox.value = next;
}

function restore(box: ShownBox): void {
  const found = table.value?.boxesOf(current.value!) ?? [];
  const isShown = found.some((one) => box.from !== undefined && isSameBox(one.box, box.from));
  change(restoreBox(box, { modelClass: modelClassOf(box), isDraft: isShown && !isAccepted() }));
}

function withPlaced(edit: (box: ShownBox) => Xyxy): void {
  withSelected((box) => {
    if (box.status !== 'rejected') place(box, edit(box));
  });
}

function withSelected(call: (box: ShownBox) => void): void {
  if (!mayEdit()) return;
  if (selected.value === undefined) say(listedBoxes.value.length === 0 ? 'There is no box.' : 'Select a box first.');
  else call(selected.value);
}

function change(changes: readonly Change[]): void {
  save(current.value!, changes);
}

function mayEdit(): boolean {
  if (!mayReview() || current.value === undefined) return false;
  if (!replaced.value.has(current.value)) return true;
  say('The file of this image is another picture now: run again before anything is decided.');
  return false;
}

function mayReview(): boolean {
  if (canReview.value) return true;
  say(backend.value?.review?.readOnly ?? 'Nothing can be changed here.');
  return false;
}

function describePlace([x1, y1, x2, y2]: Xyxy): string {
  const show = (value: number) => String(Number(value.toFixed(2)));
  return `Left ${show(x1)}, top ${show(y1)}, width ${show(x2 - x1)}, height ${show(y2 - y1)}.`;
}

/** Not by crypto.randomUUID, which pages over plain HTTP from another machine do not have. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `d${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
