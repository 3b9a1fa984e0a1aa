import type { Point } from './view.js';
import type { Viewport } from './viewport.js';

/** What a drag does instead of panning. */
export interface Drag {
  move(to: Point): void;
  end(to: Point): void;
  cancel(): void;
}

/** What is done at points of the stage. */
export interface PointerTarget {
  /** Where the page has nothing to scroll, the wheel alone zooms; else it does with Ctrl. */
  readonly wheel: 'zooms' | 'scrolls';
  /** What a drag that begins here does; it pans where there is nothing. */
  begin?(at: Point, event: PointerEvent): Drag | undefined;
  click(at: Point, press: PointerEvent): void;
  hover?(at: Point, event: PointerEvent): void;
}

const CLICK_DISTANCE = 4; // CSS pixels that a click may move
const LARGEST_TURN = 0.45; // one event of a wheel zooms by exp of it at most
const LINE = 30; // CSS pixels

/** Mouse, pen and fingers on a stage: one pans or does what the target says, two zoom, and so does the wheel. */
export class Pointers {
  readonly #stage: HTMLElement;
  readonly #viewport: Viewport;
  readonly #target: PointerTarget;
  readonly #pointers = new Map<number, Point>();
  #drag: Drag | undefined;
  #start: Point = { x: 0, y: 0 };
  #press: PointerEvent | undefined; // while it may become a click

  constructor(stage: HTMLElement, viewport: Viewport, target: PointerTarget) {
    this.#stage = stage;
    this.#viewport = viewport;
    this.#target = target;
  }

  /** @returns What stops listening. */
  listen(): () => void {
    const stop = new AbortController();
    const { signal } = stop;
    const on = (name: 'pointerdown' | 'pointermove' | 'pointerup' | 'pointercancel', call: (e: PointerEvent) => void) =>
      this.#stage.addEventListener(name, call, { signal });
    on('pointerdown', (event) => this.#begin(event));
    on('pointermove', (event) => this.#move(event));
    on('pointerup', (event) => this.#release(event));
    on('pointercancel', (event) => this.#cancel(event));
    this.#stage.addEventListener('wheel', (event) => this.#turn(event), { signal, passive: false });
    // Where one finger scrolls the page, two must not.
    const keep = (event: TouchEvent) => {
      if (event.touches.length > 1) event.preventDefault();
    };
    this.#stage.addEventListener('touchstart', keep, { signal, passive: false });
    return () => stop.abort();
  }

  #begin(event: PointerEvent): void {
    if (event.button > 1) return;
    const at = this.#pointOf(event);
    this.#pointers.set(event.pointerId, at);
    this.#stage.setPointerCapture(event.pointerId);
    if (this.#pointers.size > 1) {
      // A second finger: what the first one had begun is left as it was.
      this.#drop();
      return;
    }
    this.#start = at;
    this.#press = event.button === 0 ? event : undefined;
    this.#drag = (event.button === 0 ? this.#target.begin?.(at, event) : undefined) ?? this.#panFrom(at);
  }

  #panFrom(from: Point): Drag {
    let last = from;
    const move = (to: Point) => {
      this.#viewport.pan({ x: to.x - last.x, y: to.y - last.y });
      last = to;
    };
    return { move, end: () => {}, cancel: () => {} };
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    const at = this.#pointOf(event);
    if (before === undefined) {
      this.#target.hover?.(at, event);
      return;
    }
    if (this.#pointers.size === 2) {
      this.#pinch(event.pointerId, at);
      return;
    }
    this.#pointers.set(event.pointerId, at);
    if (this.#press !== undefined && distance(at, this.#start) <= CLICK_DISTANCE) return;
    this.#press = undefined;
    this.#drag?.move(at);
  }

  #release(event: PointerEvent): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    const [drag, press, at] = [this.#drag, this.#press, this.#pointOf(event)];
    this.#drag = undefined;
    this.#press = undefined;
    if (press === undefined) drag?.end(at);
    else {
      drag?.cancel();
      this.#target.click(at, press);
    }
  }

  #cancel(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    this.#drop();
  }

  #drop(): void {
    this.#drag?.cancel();
    this.#drag = undefined;
    this.#press = undefined;
  }

  #pinch(pointer: number, at: Point): void {
    const other = [...this.#pointers].find(([id]) => id !== pointer)![1];
    const before = this.#pointers.get(pointer)!;
    const [middle, earlier] = [middleOf(at, other), middleOf(before, other)];
    this.#viewport.pan({ x: middle.x - earlier.x, y: middle.y - earlier.y });
    this.#viewport.zoomBy(distance(at, other) / Math.max(distance(before, other), 1), middle);
    this.#pointers.set(pointer, at);
  }

  #turn(event: WheelEvent): void {
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE;
    const withKey = event.ctrlKey || event.metaKey;
    if (!withKey && this.#target.wheel === 'scrolls') {
      const isPanned = this.#viewport.pan({ x: -event.deltaX * unit, y: -event.deltaY * unit });
      if (isPanned) event.preventDefault(); // else the page scrolls on
      return;
    }
    event.preventDefault();
    const speed = withKey ? 0.01 : 0.0015; // browsers report a pinch on a touchpad as a wheel with Ctrl
    const turn = Math.max(-LARGEST_TURN, Math.min(LARGEST_TURN, -event.deltaY * unit * speed));
    this.#viewport.zoomBy(Math.exp(turn), this.#pointOf(event));
  }

  #pointOf({ clientX, clientY }: MouseEvent): Point {
    const { left, top } = this.#stage.getBoundingClientRect();
    return { x: clientX - left, y: clientY - top };
  }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function middleOf(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
