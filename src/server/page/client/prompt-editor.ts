import type { Info } from './answers.js';
import { byId } from './dom.js';
import { classesOfText, textOfClasses, type Prompted } from './prompts.js';

/** The text of what is looked for. */
export class PromptEditor {
  readonly #text = byId('prompts', HTMLTextAreaElement);
  readonly #reset = byId('reset', HTMLButtonElement);
  #own = ''; // what the server looks for of itself

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
    this.#own = textOfClasses(classes);
    if (this.#text.value === '') this.#text.value = this.#own;
  }

  /** @returns undefined where nothing was changed: the server's own classes may have thresholds and examples besides. */
  read({ classes }: Info): Prompted | undefined {
    return this.#text.value.trim() === this.#own.trim() ? undefined : classesOfText(this.#text.value, classes);
  }
}
