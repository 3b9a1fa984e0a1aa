import { signal } from '@preact/signals';
import type { View } from '../../../shared/zoom/view.js';
import { Viewport } from '../../../shared/zoom/viewport.js';

/** The elements that move with the image. */
interface Layers {
  readonly image: HTMLElement;
  readonly boxes: SVGGElement;
  readonly labels: HTMLElement;
}

/** The view once it stands still: labels are placed for it, and scale and move with it until the next one. */
export const settledView = signal<View>({ scale: 1, x: 0, y: 0 });

let layers: Layers | undefined;

/** Which part of the open image is seen. While it moves, only three transforms change: components draw nothing. */
export const viewport = new Viewport({
  settle: (view) => {
    settledView.value = view;
  },
  draw: ({ scale, x, y }) => {
    if (layers === undefined) return;
    const { image, boxes, labels } = layers;
    const settled = settledView.peek();
    const ratio = scale / settled.scale;
    image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    boxes.setAttribute('transform', `translate(${x} ${y}) scale(${scale})`);
    labels.style.transform = `translate(${x - settled.x * ratio}px, ${y - settled.y * ratio}px) scale(${ratio})`;
  },
});

/** Shows the view on these elements. @returns What ends it. */
export function attachLayers(given: Layers): () => void {
  layers = given;
  viewport.settle();
  return () => {
    layers = undefined;
  };
}
