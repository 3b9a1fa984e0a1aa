import { signal } from '@preact/signals';
import type { Size, Xyxy } from '../../../../core/box.js';
import {
  fitView,
  limitView,
  panBy,
  reveal,
  toImage,
  viewOfBox,
  zoomAt,
  type Frame,
  type Point,
  type View,
} from '../geometry/view.js';

/** The elements that move with the image. */
export interface Layers {
  readonly image: HTMLElement;
  readonly boxes: SVGGElement;
  readonly labels: HTMLElement;
}

const SETTLES_AFTER_MS = 120;

/** The view once it stands still: labels are placed for it, and scale and move with it until the next one. */
export const settledView = signal<View>({ scale: 1, x: 0, y: 0 });

/**
 * Which part of the open image is seen. While it moves, only three transforms change, at most once a frame; nothing is
 * drawn by components.
 */
export class Viewport {
  #view: View = { scale: 1, x: 0, y: 0 };
  #frame: Frame = { image: { width: 1, height: 1 }, stage: { width: 1, height: 1 } };
  #layers: Layers | undefined;
  #isFitted = true; // stays so when the stage gets another size
  #request = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  get view(): View {
    return this.#view;
  }

  get frame(): Frame {
    return this.#frame;
  }

  attach(layers: Layers | undefined): void {
    this.#layers = layers;
    this.#settle();
  }

  /** Shows another image as a whole. */
  open(image: Size): void {
    this.#frame = { ...this.#frame, image };
    this.fit();
    this.#settle();
  }

  resize(stage: Size): void {
    if (stage.width === 0 || stage.height === 0) return;
    this.#frame = { ...this.#frame, stage };
    if (this.#isFitted) this.fit();
    else this.#show(limitView(this.#view, this.#frame));
    this.#settle();
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

  pan(by: Point): void {
    this.#show(panBy(this.#view, by, this.#frame));
  }

  reveal(box: Xyxy): void {
    const view = reveal(this.#view, box, this.#frame);
    if (view !== this.#view) this.#show(view);
  }

  /** Where a point of the stage is in the image. */
  toImage(point: Point): Point {
    return toImage(this.#view, point);
  }

  /** The middle quarter of what is seen, as corners in pixels of the image. */
  middleOfView(): readonly [Point, Point] {
    const { width, height } = this.#frame.stage;
    const { image } = this.#frame;
    const from = this.toImage({ x: 0, y: 0 });
    const to = this.toImage({ x: width, y: height });
    const low = { x: Math.max(from.x, 0), y: Math.max(from.y, 0) };
    const high = { x: Math.min(to.x, image.width), y: Math.min(to.y, image.height) };
    const at = (share: number) => ({ x: low.x + (high.x - low.x) * share, y: low.y + (high.y - low.y) * share });
    return [at(0.375), at(0.625)];
  }

  #middle(): Point {
    return { x: this.#frame.stage.width / 2, y: this.#frame.stage.height / 2 };
  }

  #show(view: View): void {
    this.#view = view;
    this.#isFitted = false;
    this.#request ||= requestAnimationFrame(() => this.#draw());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), SETTLES_AFTER_MS);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    settledView.value = this.#view;
    this.#draw();
  }

  #draw(): void {
    cancelAnimationFrame(this.#request);
    this.#request = 0;
    if (this.#layers === undefined) return;
    const { image, boxes, labels } = this.#layers;
    const { scale, x, y } = this.#view;
    const settled = settledView.peek();
    const ratio = scale / settled.scale;
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    boxes.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    labels.style.transform = `translate(${x - settled.x * ratio}px, ${y - settled.y * ratio}px) scale(${ratio})`;
  }
}

export const viewport = new Viewport();
