import type { Size, Xyxy } from '../../core/box.js';
import { byId } from '../shared/dom.js';
import { Pointers } from '../shared/zoom/pointers.js';
import { fitView, isWhole, type View } from '../shared/zoom/view.js';
import { VIEW_KEYS, viewActions, type ViewAction } from '../shared/zoom/view-actions.js';
import { Viewport } from '../shared/zoom/viewport.js';

/** The place of the picture, in which it is made larger and moved with the pointer, keys and buttons. */
export class Zoom {
  readonly #place = byId('viewport', HTMLElement);
  readonly #stage = byId('stage', HTMLElement);
  readonly #controls = byId('zoom', HTMLElement);
  readonly #shown = byId('zoom-shown', HTMLOutputElement);
  readonly #viewport = new Viewport({ draw: (view) => this.#draw(view) }, { margin: 0, largest: 1 });
  readonly #actions = viewActions(this.#viewport);

  /** @param onClick - Gets what is clicked of the picture. */
  constructor(onClick: (element: Element) => void) {
    byId('zoom-in', HTMLButtonElement).addEventListener('click', this.#actions.zoomIn);
    byId('zoom-out', HTMLButtonElement).addEventListener('click', this.#actions.zoomOut);
    byId('zoom-fit', HTMLButtonElement).addEventListener('click', this.#actions.fit);
    this.#place.addEventListener('keydown', (event) => this.#press(event));
    const click = (_: unknown, { target }: PointerEvent) => {
      if (target instanceof Element) onClick(target);
    };
    new Pointers(this.#place, this.#viewport, { wheel: 'scrolls', click }).listen();
    this.#viewport.follow(this.#place);
  }

  /** Shows all of a picture of this size. */
  open(image: Size): void {
    this.#place.style.aspectRatio = `${image.width} / ${image.height}`;
    this.#place.style.setProperty('--image-height', `${image.height}px`);
    this.#viewport.open(image);
    this.#place.hidden = this.#controls.hidden = false;
  }

  /** Until the next picture is opened. */
  hide(): void {
    this.#place.hidden = this.#controls.hidden = true;
  }

  /** Moves the picture until the box is seen. */
  reveal(box: Xyxy): void {
    this.#viewport.reveal(box);
  }

  #press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const isMeant = ([, keys]: [string, readonly string[]]) => keys.includes(event.key);
    const action = Object.entries(VIEW_KEYS).find(isMeant)?.[0] as ViewAction | undefined;
    if (action === undefined) return;
    const isDone = this.#actions[action](event.key) !== false;
    if (isDone) event.preventDefault(); // else the page scrolls
  }

  /** Lays the picture out anew, so that lines and labels keep their size. */
  #draw(view: View): void {
    const { frame } = this.#viewport;
    const { style } = this.#stage;
    style.width = `${frame.image.width * view.scale}px`;
    style.height = `${frame.image.height * view.scale}px`;
    style.transform = `translate(${view.x}px, ${view.y}px)`;
    this.#place.classList.toggle('is-zoomed', !isWhole(view, frame));
    this.#shown.value = `${Math.round((100 * view.scale) / fitView(frame).scale)} %`;
  }
}
