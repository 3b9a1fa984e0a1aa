import { colourOf } from '../shared/colours.js';
import { byId, make } from '../shared/dom.js';
import type { FoundBox, PromptedClass } from './answers.js';

/** Which classes are shown, of those that were found. A class that is hidden stays so in other images. */
export class ClassFilter {
  readonly #group = byId('class-filter', HTMLElement);
  readonly #hidden = new Set<string>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  shows({ label }: FoundBox): boolean {
    return !this.#hidden.has(label);
  }

  /** @param above - The boxes above the threshold. */
  show(above: readonly FoundBox[], classes: readonly PromptedClass[]): void {
    const counts = new Map<string, number>();
    for (const { label } of above) counts.set(label, (counts.get(label) ?? 0) + 1);
    const listed = classes.flatMap(({ name }, index) => (counts.has(name) ? [{ name, index }] : []));
    this.#group.hidden = listed.length < 2 && !listed.some(({ name }) => this.#hidden.has(name));
    const focused = this.#group.contains(document.activeElement) ? document.activeElement?.id : undefined;
    this.#group.replaceChildren(
      ...listed.map(({ name, index }) => this.#createBox(name, { index, count: counts.get(name)! })),
    );
    if (focused !== undefined) document.getElementById(focused)?.focus();
  }

  #createBox(name: string, { index, count }: { index: number; count: number }): HTMLElement {
    const input = make('input', '');
    input.type = 'checkbox';
    input.id = `class-${index}`;
    input.checked = !this.#hidden.has(name);
    input.addEventListener('change', () => {
      if (input.checked) this.#hidden.delete(name);
      else this.#hidden.add(name);
      this.#onChange();
    });
    const swatch = make('span', 'swatch');
    swatch.style.background = colourOf(index).fill;
    return make('label', '', input, swatch, name, make('span', 'count', String(count)));
  }
}
