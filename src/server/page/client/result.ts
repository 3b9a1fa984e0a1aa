import { cocoText, yoloClasses, yoloText, type Annotated, type Origin } from './annotations.js';
import { byId } from './dom.js';

const FORMS = {
  coco: { type: 'application/json', suffix: '.coco.json' },
  yolo: { type: 'text/plain', suffix: '.txt' },
  classes: { type: 'text/plain', suffix: '' },
} as const;

type Form = keyof typeof FORMS;

/** What is shown, as files have it: to read, to copy, to download. */
export class Result {
  readonly #form = byId('result-form', HTMLFormElement);
  readonly #text = byId('result', HTMLTextAreaElement);
  readonly #said = byId('result-status', HTMLElement);
  readonly #copy = byId('copy', HTMLButtonElement);
  readonly #download = byId('download', HTMLButtonElement);
  #annotated: Annotated | undefined;
  #origin: Origin | undefined;

  constructor() {
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', () => this.#write());
    this.#copy.addEventListener('click', () => void this.#copied());
    this.#download.addEventListener('click', () => this.#downloaded());
  }

  show(annotated: Annotated | undefined, origin: Origin | undefined): void {
    this.#annotated = annotated;
    this.#origin = origin;
    this.#write();
  }

  get #chosen(): Form {
    const chosen = new FormData(this.#form).get('form');
    return chosen === 'yolo' || chosen === 'classes' ? chosen : 'coco';
  }

  #write(): void {
    const isThere = this.#annotated !== undefined && this.#origin !== undefined;
    this.#text.value = isThere ? this.#textOf(this.#annotated!, this.#origin!) : '';
    this.#copy.disabled = this.#download.disabled = !isThere;
    this.#said.textContent = '';
  }

  #textOf(annotated: Annotated, origin: Origin): string {
    switch (this.#chosen) {
      case 'coco':
        return cocoText(annotated, origin);
      case 'yolo':
        return yoloText(annotated);
      case 'classes':
        return yoloClasses(annotated.classes);
    }
  }

  async #copied(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#text.value);
      this.#said.textContent = 'Copied.';
    } catch {
      // The clipboard is for secure pages (https, localhost) only, and the visitor may refuse it.
      this.#text.focus();
      this.#text.select();
      this.#said.textContent = 'The text is selected: press Ctrl+C, or ⌘C on a Mac, to copy it.';
    }
  }

  #downloaded(): void {
    const { type, suffix } = FORMS[this.#chosen];
    const stem = (this.#annotated?.name ?? 'image').replace(/\.[^.]*$/, '');
    const address = URL.createObjectURL(new Blob([this.#text.value], { type }));
    const link = document.createElement('a');
    link.href = address;
    link.download = suffix === '' ? 'classes.txt' : stem + suffix;
    link.click();
    URL.revokeObjectURL(address);
    this.#said.textContent = `Saved as ${link.download}.`;
  }
}
