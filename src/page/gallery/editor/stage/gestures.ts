import { area, type Xyxy } from '../../../../core/box.js';
import type { Drag, PointerTarget } from '../../../shared/zoom/pointers.js';
import type { Point } from '../../../shared/zoom/view.js';
import { canReview } from '../../app/decisions.js';
import { selectedBox } from '../../app/state.js';
import type { ShownBox } from '../../boxes/shown-box.js';
import { draw, place } from '../actions/edits.js';
import { selectBox } from '../actions/navigate.js';
import { boxAt, boxBetween, handleAt, moveBox, resizeBox, type Handle } from '../geometry/edit-box.js';
import { areBoxesShown, held, isDrawing, listedBoxes, selected } from '../session/session.js';
import { viewport } from '../session/viewport.js';

const SMALLEST_DRAWN = 5; // CSS pixels: what is smaller is a click
const REACH = { mouse: 8, pen: 10, touch: 18 }; // CSS pixels around what is pointed at

/** What mouse, pen and fingers do to boxes: a drag moves or resizes the selected one, or draws; a click selects. */
export const boxGestures: PointerTarget = { wheel: 'zooms', begin, click, hover };

function begin(at: Point, event: PointerEvent): Drag | undefined {
  if (canReview.value && (isDrawing.value || event.shiftKey)) return drawing(at);
  const found = findHold(at, event);
  return found && editing(found, viewport.toImage(at));
}

function drawing(start: Point): Drag {
  const from = viewport.toImage(start);
  return holding({
    box: (to) => boxBetween(from, to, viewport.frame.image),
    end: (box, at) => {
      const isLarge = Math.max(Math.abs(at.x - start.x), Math.abs(at.y - start.y)) >= SMALLEST_DRAWN;
      if (isLarge) draw(box);
    },
  });
}

function editing({ box, handle }: Hold, from: Point): Drag {
  const { image } = viewport.frame;
  return holding({
    id: box.id,
    box: (to) => {
      const by = { x: to.x - from.x, y: to.y - from.y };
      return handle === undefined ? moveBox(box.box, by, image) : resizeBox(box.box, { handle, by }, image);
    },
    end: (to) => place(box, to),
  });
}

/** Shows a box where the pointer has it, until it is let go. */
function holding({
  id,
  box,
  end,
}: {
  readonly id?: string;
  readonly box: (to: Point) => Xyxy;
  readonly end: (box: Xyxy, at: Point) => void;
}): Drag {
  const cancel = () => {
    held.value = undefined;
  };
  return {
    move: (to) => {
      held.value = { id, box: box(viewport.toImage(to)) };
    },
    end: (at) => {
      const last = held.value;
      cancel();
      if (last !== undefined) end(last.box, at);
    },
    cancel,
  };
}

/** What a press takes hold of. */
interface Hold {
  readonly box: ShownBox;
  readonly handle: Handle | undefined; // undefined: all of the box
}

function findHold(at: Point, event: PointerEvent): Hold | undefined {
  const box = selected.value;
  if (!canReview.value || box === undefined || box.status === 'rejected' || !areBoxesShown.value) return undefined;
  const point = viewport.toImage(at);
  const handle = handleAt(box.box, point, reachOf(event) / viewport.view.scale);
  return handle === undefined && boxAt([box], point, 0) === undefined ? undefined : { box, handle };
}

/** Selects the smallest box there. A click on what is selected already goes on to the next larger one. */
function click(at: Point, event: PointerEvent): void {
  if (!areBoxesShown.value) return;
  const point = viewport.toImage(at);
  const reach = reachOf(event) / 2 / viewport.view.scale;
  const here = listedBoxes.value.filter((box) => boxAt([box], point, reach) !== undefined);
  const bySize = [...here].sort((a, b) => area(a.box) - area(b.box));
  const index = bySize.findIndex(({ id }) => id === selectedBox.value);
  selectBox(bySize[(index + 1) % Math.max(bySize.length, 1)]?.id);
}

/** Shows what a press would do. */
function hover(at: Point, event: PointerEvent): void {
  const stage = event.currentTarget as HTMLElement;
  const hold = findHold(at, event);
  stage.dataset['cursor'] = isDrawing.value ? 'draw' : hold === undefined ? 'pan' : (hold.handle ?? 'move');
}

function reachOf({ pointerType }: PointerEvent): number {
  return pointerType === 'touch' || pointerType === 'pen' ? REACH[pointerType] : REACH.mouse;
}
