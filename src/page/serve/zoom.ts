import { byId } from '../shared/dom.js';

const STEP = 1.5;
const MAX_ZOOM = 16;

/** Makes the picture larger than its place, in which it is then moved: by scrolling, or with the pointer. */
export class Zoom {
  readonly #viewport = byId('viewport', HTMLElement);
  readonly #stage = byId('stage', HTMLElement);
  readonly #controls = byId('zoom', HTMLElement);
  readonly #shown = byId('zoom-shown', HTMLOutputElement);
  #fitted = { width: 0, height: 0 };
  #zoom = 1;

  constructor() {
    byId('zoom-in', HTMLButtonElement).addEventListener('click', () => this.#zoomTo(this.#zoom * STEP));
    byId('zoom-out', HTMLButtonElement).addEventListener('click', () => this.#zoomTo(this.#zoom / STEP));
    byId('zoom-fit', HTMLButtonElement).addEventListener('click', () => this.reset());
    this.#viewport.addEventListener('wheel', (event) => this.#onWheel(event), { passive: false });
    this.#viewport.addEventListener('pointerdown', (event) => this.#startMoving(event));
    addEventListener('resize', () => this.reset());
  }

  /** Shows all of the picture. */
  reset(): void {
    this.#zoom = 1;
    this.#stage.classList.remove('is-zoomed');
    this.#stage.style.width = this.#stage.style.height = '';
    this.#show();
  }

  /** With Ctrl, as everywhere; a pinch on a touch pad is the same event. */
  #onWheel(event: WheelEvent): void {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.#zoomTo(this.#zoom * Math.exp(-event.deltaY / 200), event);
  }

  /** @param at - Stays where it is; left out: the middle. */
  #zoomTo(wanted: number, at?: { readonly clientX: number; readonly clientY: number }): void {
    if (this.#stage.hidden) return;
    const before = this.#stage.getBoundingClientRect();
    if (this.#zoom === 1) this.#fitted = { width: before.width, height: before.height };
    const zoom = Math.min(Math.max(wanted, 1), MAX_ZOOM);
    if (zoom === 1) {
      this.reset();
      return;
    }
    const place = this.#viewport.getBoundingClientRect();
    const [x, y] = [at?.clientX ?? place.x + place.width / 2, at?.clientY ?? place.y + place.height / 2];
    const [shareX, shareY] = [(x - before.x) / before.width, (y - before.y) / before.height];
    this.#viewport.style.height = `${place.height}px`;
    this.#zoom = zoom;
    this.#stage.classList.add('is-zoomed');
    this.#stage.style.width = `${this.#fitted.width * zoom}px`;
    this.#stage.style.height = `${this.#fitted.height * zoom}px`;
    const after = this.#stage.getBoundingClientRect();
    this.#viewport.scrollLeft += after.x + shareX * after.width - x;
    this.#viewport.scrollTop += after.y + shareY * after.height - y;
    this.#show();
  }

  #show(): void {
    if (this.#zoom === 1) this.#viewport.style.height = '';
    this.#controls.hidden = this.#stage.hidden;
    this.#shown.value = `${Math.round(this.#zoom * 100)} %`;
  }

  /** A mouse drags; fingers scroll by themselves. */
  #startMoving(event: PointerEvent): void {
    if (this.#zoom === 1 || event.button !== 0 || event.pointerType === 'touch') return;
    let [x, y] = [event.clientX, event.clientY];
    const move = (moved: PointerEvent) => {
      this.#viewport.scrollLeft -= moved.clientX - x;
      this.#viewport.scrollTop -= moved.clientY - y;
      [x, y] = [moved.clientX, moved.clientY];
    };
    const stop = () => removeEventListener('pointermove', move);
    addEventListener('pointermove', move);
    addEventListener('pointerup', stop, { once: true });
  }
}
