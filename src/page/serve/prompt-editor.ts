import type { Info } from './answers.js';
import { byId } from '../shared/dom.js';
import { parsePrompts, formatPrompts, type EditedPrompts } from './prompt-text.js';

/** The text area with the prompts. */
export class PromptEditor {
  readonly #text = byId('prompts', HTMLTextAreaElement);
  readonly #reset = byId('reset', HTMLButtonElement);
  #own = ''; // the server's own classes, as text

  constructor(onRun: () => void) {
    byId('prompts-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      onRun();
    });
    this.#text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      onRun();
    });
    this.#reset.addEventListener('click', () => (this.#text.value = this.#own));
  }

  fill({ classes }: Info): void {
    this.#own = formatPrompts(classes);
    if (this.#text.value === '') this.#text.value = this.#own;
  }

  /** @returns undefined for an unchanged text: the server's own classes may have thresholds and examples as well. */
  read({ classes }: Info): EditedPrompts | undefined {
    return this.#text.value.trim() === this.#own.trim() ? undefined : parsePrompts(this.#text.value, classes);
  }
}
