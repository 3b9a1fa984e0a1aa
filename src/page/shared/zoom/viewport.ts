import type { Size, Xyxy } from '../../../core/box.js';
import {
  fitView,
  limitView,
  panBy,
  reveal,
  toImage,
  viewOfBox,
  zoomAt,
  type Fit,
  type Frame,
  type Point,
  type View,
} from './view.js';

/** Where a view is shown. */
export interface ViewportTarget {
  /** Shows a view; called once or twice a frame while it moves. */
  draw(view: View): void;
  /** Called before a view is drawn at which it has come to rest. */
  settle?(view: View): void;
}

const SETTLES_AFTER_MS = 120;

/** Which part of an image is seen on an element, the stage. */
export class Viewport {
  readonly #target: ViewportTarget;
  #view: View = { scale: 1, x: 0, y: 0 };
  #frame: Frame;
  #isFitted = true; // stays so when the stage gets another size
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(target: ViewportTarget, fit?: Fit) {
    this.#target = target;
    this.#frame = { ...(fit && { fit }), image: { width: 1, height: 1 }, stage: { width: 1, height: 1 } };
  }

  get view(): View {
    return this.#view;
  }

  get frame(): Frame {
    return this.#frame;
  }

  /** Shows another image as a whole. */
  open(image: Size): void {
    this.#frame = { ...this.#frame, image };
    this.fit();
    this.settle();
  }

  /** Takes the size of the stage from an element. @returns What stops following it. */
  follow(element: HTMLElement): () => void {
    const resize = () => this.#resize({ width: element.clientWidth, height: element.clientHeight });
    const sizes = new ResizeObserver(resize);
    resize();
    sizes.observe(element);
    return () => sizes.disconnect();
  }

  fit(): void {
    this.#show(fitView(this.#frame));
    this.#isFitted = true;
  }

  /** @param at - Of the stage; its middle where left out. */
  zoomBy(factor: number, at: Point = this.#middle()): void {
    this.#show(zoomAt(this.#view, { factor, at }, this.#frame));
  }

  zoomTo(scale: number): void {
    this.zoomBy(scale / this.#view.scale);
  }

  zoomToBox(box: Xyxy): void {
    this.#show(viewOfBox(box, this.#frame));
  }

  /** @returns Whether there was more of the image in this direction. */
  pan(by: Point): boolean {
    const { x, y } = this.#view;
    const view = panBy(this.#view, by, this.#frame);
    if (view.x === x && view.y === y) return false;
    this.#show(view);
    return true;
  }

  reveal(box: Xyxy): void {
    const view = reveal(this.#view, box, this.#frame);
    if (view !== this.#view) this.#show(view);
  }

  /** Where a point of the stage is in the image. */
  toImage(point: Point): Point {
    return toImage(this.#view, point);
  }

  /** Draws the view as it is, at once. */
  settle(): void {
    clearTimeout(this.#timer);
    this.#target.settle?.(this.#view);
    this.#draw();
  }

  #resize(stage: Size): void {
    if (stage.width === 0 || stage.height === 0) return;
    this.#frame = { ...this.#frame, stage };
    if (this.#isFitted) this.fit();
    else this.#show(limitView(this.#view, this.#frame));
    this.settle();
  }

  #middle(): Point {
    return { x: this.#frame.stage.width / 2, y: this.#frame.stage.height / 2 };
  }

  #show(view: View): void {
    this.#view = view;
    this.#isFitted = false;
    if (this.#request === 0) this.#draw();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.settle(), SETTLES_AFTER_MS);
  }

  /** At once, and what comes before the next frame is drawn with that. */
  #draw(): void {
    cancelAnimationFrame(this.#request);
    const drawn = this.#view;
    this.#target.draw(drawn);
    this.#request = requestAnimationFrame(() => {
      this.#request = 0;
      if (this.#view !== drawn) this.#draw();
    });
  }
}
