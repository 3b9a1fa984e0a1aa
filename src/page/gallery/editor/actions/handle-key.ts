import { isWhole } from '../../../shared/zoom/view.js';
import { directionOf, viewActions } from '../../../shared/zoom/view-actions.js';
import { closeImage } from '../../app/address.js';
import { say } from '../../app/announce.js';
import * as edits from './edits.js';
import { goBy, selectBox, selectBy } from './navigate.js';
import {
  areBoxesShown,
  areLabelsShown,
  areRejectedShown,
  held,
  isDrawing,
  openDialog,
  selected,
} from '../session/session.js';
import { viewport } from '../session/viewport.js';
import { actionsOf, type Action } from '../keys/key-map.js';

const FAR = 10;

const view = viewActions(viewport);

type Toggle = { value: boolean };

export const ACTIONS: Readonly<Record<Action, (key: string) => void>> = {
  nextImage: () => goBy(1),
  previousImage: () => goBy(-1),
  accept: edits.accept,
  reopen: edits.reopen,
  copy: edits.copyToNext,
  nextBox: () => selectBy(1),
  previousBox: () => selectBy(-1),
  keep: edits.keep,
  reject: edits.rejectOrRestore,
  delete: edits.deleteBox,
  class: () => {
    openDialog.value = 'class';
  },
  classByNumber: (key) => edits.changeClass(Number(key) - 1),
  newBox: edits.drawInMiddle,
  draw: () => toggle(isDrawing, 'Drawing: drag over the picture', 'Drawing off'),
  move: (key) => edits.move(directionOf(key)),
  moveFar: (key) => edits.move(farOf(key)),
  resize: (key) => edits.resize(directionOf(key), 'end'),
  resizeFar: (key) => edits.resize(farOf(key), 'end'),
  resizeStart: (key) => edits.resize(directionOf(key), 'start'),
  resizeStartFar: (key) => edits.resize(farOf(key), 'start'),
  ...view,
  pan: (key) => {
    const { frame } = viewport;
    if (!view.pan(key) && isWhole(viewport.view, frame)) say('The whole image is shown. Select a box to move it.');
  },
  actualSize: () => viewport.zoomTo(1),
  zoomToBox: () => {
    if (selected.value !== undefined) viewport.zoomToBox(selected.value.box);
  },
  toggleBoxes: () => toggle(areBoxesShown, 'Boxes shown', 'Boxes hidden'),
  toggleLabels: () => toggle(areLabelsShown, 'Labels shown', 'Labels hidden'),
  toggleRejected: () => toggle(areRejectedShown, 'Rejected boxes shown', 'Rejected boxes hidden'),
  undo: () => edits.goThroughHistory('undo'),
  redo: () => edits.goThroughHistory('redo'),
  close: () => {
    if (isDrawing.value || held.value !== undefined) {
      isDrawing.value = false;
      held.value = undefined;
    } else if (selected.value === undefined) closeImage();
    else selectBox(undefined);
  },
  help: () => {
    openDialog.value = 'keys';
  },
};

/** What a key that is held down does again and again. Deciding on boxes and images takes a press each. */
const REPEATED: ReadonlySet<Action> = new Set([
  'nextImage',
  'previousImage',
  'nextBox',
  'previousBox',
  'move',
  'moveFar',
  'resize',
  'resizeFar',
  'resizeStart',
  'resizeStartFar',
  'zoomIn',
  'zoomOut',
  'pan',
] as const);

/** Does what a key means, unless it is meant for what has the focus: a field, a dialog, a button. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || isForTarget(event)) return;
  const actions = actionsOf(event);
  const action = actions.length > 1 ? actions.find(isMeant) : actions[0];
  if (action === undefined) return;
  event.preventDefault();
  if (!event.repeat || REPEATED.has(action)) ACTIONS[action](event.key);
}

/** What keys do to the view where no box is selected, and else to the box. */
const WITHOUT_BOX: ReadonlySet<Action> = new Set(['actualSize', 'pan'] as const);

function isMeant(action: Action): boolean {
  return WITHOUT_BOX.has(action) === (selected.value === undefined);
}

function isForTarget({ target, key }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  if (target.closest('dialog, input, select, textarea') !== null) return true;
  return (key === 'Enter' || key === ' ') && target.closest('button, a') !== null;
}

function toggle(what: Toggle, on: string, off: string): void {
  what.value = !what.value;
  say(`${what.value ? on : off}.`);
}

function farOf(key: string): { readonly x: number; readonly y: number } {
  const { x, y } = directionOf(key);
  return { x: FAR * x, y: FAR * y };
}
