import { area, type Xyxy } from '../../../../core/box.js';
import { selectedBox } from '../../app/state.js';
import type { ShownBox } from '../../boxes/shown-box.js';
import { boxAt, boxBetween, handleAt, moveBox, resizeBox, type Handle } from '../geometry/edit-box.js';
import type { Point } from '../geometry/view.js';
import { areBoxesShown, held, isDrawing, listedBoxes, selected } from '../session/session.js';
import { viewport } from '../session/viewport.js';

/** What pointers do to boxes once they let go. */
export interface GestureTarget {
  readonly canEdit: boolean;
  select(id: string | undefined): void;
  place(box: ShownBox, place: Xyxy): void;
  draw(box: Xyxy): void;
}

type Gesture =
  | { readonly kind: 'pan'; last: Point }
  | { readonly kind: 'draw'; readonly from: Point }
  | { readonly kind: 'edit'; readonly box: ShownBox; readonly handle: Handle | undefined; readonly from: Point };

const CLICK_DISTANCE = 4; // CSS pixels that a click may move
const SMALLEST_DRAWN = 5; // CSS pixels: what is smaller is a click
const REACH = { mouse: 8, pen: 10, touch: 18 }; // CSS pixels around what is pointed at

/** Mouse, pen and fingers on the stage: one moves, resizes, draws, or pans; two zoom; a click selects. */
export class Gestures {
  readonly #stage: HTMLElement;
  readonly #target: () => GestureTarget;
  readonly #pointers = new Map<number, Point>();
  #gesture: Gesture | undefined;
  #start: Point = { x: 0, y: 0 };
  #isClick = false;

  constructor(stage: HTMLElement, target: () => GestureTarget) {
    this.#stage = stage;
    this.#target = target;
  }

  /** @returns What stops listening. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const on = (name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', call: (e: PointerEvent) => void) =>
      this.#stage.addEventListener(name, call, { signal });
    on('pointerdown', (event) => this.#press(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#release(event));
    on('pointercancel', (event) => this.#cancel(event));
    this.#stage.addEventListener('wheel', (event) => this.#turn(event), { signal, passive: false });
    return () => stop.abort();
  }

  #press(event: PointerEvent): void {
    if (event.button > 1) return;
    const at = this.#pointOf(event);
    this.#pointers.set(event.pointerId, at);
    this.#stage.setPointerCapture(event.pointerId);
    if (this.#pointers.size > 1) {
      // A second finger: what the first one had begun is left as it was.
      this.#gesture = undefined;
      this.#isClick = false;
      held.value = undefined;
      return;
    }
    this.#start = at;
    this.#isClick = event.button === 0;
    this.#gesture = event.button === 1 ? { kind: 'pan', last: at } : this.#begin(at, event);
  }

  #begin(at: Point, event: PointerEvent): Gesture {
    const { canEdit } = this.#target();
    const from = viewport.toImage(at);
    if (canEdit && (isDrawing.value || event.shiftKey)) return { kind: 'draw', from };
    const box = selected.value;
    if (!canEdit || box === undefined || box.status === 'rejected' || !areBoxesShown.value)
      return { kind: 'pan', last: at };
    const reach = reachOf(event) / viewport.view.scale;
    const handle = handleAt(box.box, from, reach);
    if (handle === undefined && boxAt([box], from, 0) === undefined) return { kind: 'pan', last: at };
    return { kind: 'edit', box, handle, from };
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    const at = this.#pointOf(event);
    if (before === undefined) {
      this.#point(at, event);
      return;
    }
    if (this.#pointers.size === 2) {
      this.#pinch(event.pointerId, at);
      return;
    }
    this.#pointers.set(event.pointerId, at);
    if (this.#isClick && distance(at, this.#start) <= CLICK_DISTANCE) return;
    this.#isClick = false;
    this.#follow(at);
  }

  #follow(at: Point): void {
    const gesture = this.#gesture;
    if (gesture === undefined) return;
    if (gesture.kind === 'pan') {
      viewport.pan({ x: at.x - gesture.last.x, y: at.y - gesture.last.y });
      gesture.last = at;
      return;
    }
    const to = viewport.toImage(at);
    const { image } = viewport.frame;
    if (gesture.kind === 'draw') {
      held.value = { id: undefined, box: boxBetween(gesture.from, to, image) };
      return;
    }
    const { box, handle } = gesture;
    const by = { x: to.x - gesture.from.x, y: to.y - gesture.from.y };
    const place = handle === undefined ? moveBox(box.box, by, image) : resizeBox(box.box, { handle, by }, image);
    held.value = { id: box.id, box: place };
  }

  #release(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    const [gesture, place, at] = [this.#gesture, held.value, this.#pointOf(event)];
    this.#gesture = undefined;
    held.value = undefined;
    if (this.#isClick) {
      this.#click(at, event);
    } else if (place !== undefined && gesture?.kind === 'edit') {
      this.#target().place(gesture.box, place.box);
    } else if (place !== undefined && gesture?.kind === 'draw') {
      const isLarge = Math.max(Math.abs(at.x - this.#start.x), Math.abs(at.y - this.#start.y)) >= SMALLEST_DRAWN;
      if (isLarge) this.#target().draw(place.box);
    }
    this.#isClick = false;
  }

  #cancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.#gesture = undefined;
    this.#isClick = false;
    held.value = undefined;
  }

  /** Selects the smallest box there. A click on what is selected already goes on to the next larger one. */
  #click(at: Point, event: PointerEvent): void {
    if (!areBoxesShown.value) return;
    const point = viewport.toImage(at);
    const reach = reachOf(event) / 2 / viewport.view.scale;
    const here = listedBoxes.value.filter((box) => boxAt([box], point, reach) !== undefined);
    const bySize = [...here].sort((a, b) => area(a.box) - area(b.box));
    const index = bySize.findIndex(({ id }) => id === selectedBox.value);
    this.#target().select(bySize[(index + 1) % Math.max(bySize.length, 1)]?.id);
  }

  #pinch(pointer: number, at: Point): void {
    const other = [...this.#pointers].find(([id]) => id !== pointer)![1];
    const before = this.#pointers.get(pointer)!;
    const [middle, earlier] = [middleOf(at, other), middleOf(before, other)];
    viewport.pan({ x: middle.x - earlier.x, y: middle.y - earlier.y });
    viewport.zoomBy(distance(at, other) / Math.max(distance(before, other), 1), middle);
    this.#pointers.set(pointer, at);
  }

  #turn(event: WheelEvent): void {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 30;
    const speed = event.ctrlKey ? 0.01 : 0.0015; // browsers report a pinch on a touchpad as a wheel with Ctrl
    const delta = Math.max(-300, Math.min(300, event.deltaY * lines));
    viewport.zoomBy(Math.exp(-delta * speed), this.#pointOf(event));
  }

  /** Shows what a press would do. */
  #point(at: Point, event: PointerEvent): void {
    const { canEdit } = this.#target();
    const box = selected.value;
    const isHandled = canEdit && box !== undefined && box.status !== 'rejected' && areBoxesShown.value;
    const point = viewport.toImage(at);
    const handle = isHandled ? handleAt(box.box, point, reachOf(event) / viewport.view.scale) : undefined;
    const isInside = isHandled && boxAt([box], point, 0) !== undefined;
    this.#stage.dataset['cursor'] = isDrawing.value ? 'draw' : (handle ?? (isInside ? 'move' : 'pan'));
  }

  #pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}

function reachOf({ pointerType }: PointerEvent): number {
  return pointerType === 'touch' || pointerType === 'pen' ? REACH[pointerType] : REACH.mouse;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middleOf(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
