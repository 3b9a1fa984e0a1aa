import { byId, make } from '../shared/dom.js';
import type { DrawnBox } from './picture.js';

const STEPS: Readonly<Record<string, (index: number, last: number) => number>> = {
  ArrowDown: (index, last) => Math.min(index + 1, last),
  ArrowUp: (index) => Math.max(index - 1, 0),
  Home: () => 0,
  End: (_index, last) => last,
  Escape: () => -1,
};

/** The boxes as a list box, best score first: what screen readers have instead of the picture. */
export class BoxList {
  readonly #list = byId('boxes', HTMLElement);
  readonly #count = byId('count', HTMLElement);
  readonly #onSelect: (index: number) => void;
  #selected = -1;

  constructor(onSelect: (index: number) => void) {
    this.#onSelect = onSelect;
    this.#list.addEventListener('keydown', (event) => this.#moveSelection(event));
    this.#list.addEventListener('focus', () => {
      if (this.#selected === -1 && this.#list.childElementCount > 0 && this.#list.matches(':focus-visible'))
        onSelect(0);
    });
  }

  show(boxes: readonly DrawnBox[], selected: number): void {
    this.#selected = selected;
    this.#count.textContent = String(boxes.length);
    this.#list.replaceChildren(...boxes.map((drawn, index) => this.#createOption(drawn, index)));
    const option = this.#list.children[selected];
    if (option === undefined) this.#list.removeAttribute('aria-activedescendant');
    else this.#list.setAttribute('aria-activedescendant', option.id);
    option?.scrollIntoView({ block: 'nearest' });
  }

  #createOption({ label, score, prompt, box, colour }: DrawnBox, index: number): HTMLElement {
    const swatch = make('span', 'swatch');
    swatch.style.background = colour.fill;
    const place = box.map((value) => Math.round(value)).join(', ');
    const words = make('span', 'words', make('b', '', label), ' ', make('small', '', prompt));
    const numbers = make('span', 'numbers', score.toFixed(2), ' ', make('small', '', place));
    const option = make('div', 'option', swatch, words, numbers);
    option.id = `box-${index}`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-selected', String(index === this.#selected));
    option.addEventListener('click', () => this.#onSelect(index));
    return option;
  }

  #moveSelection(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const last = this.#list.childElementCount - 1;
    if (step === undefined || last < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.#onSelect(step(this.#selected, last));
  }
}
