import { formatCoco, formatYoloClasses, formatYolo, type AnnotatedImage, type Provenance } from './annotations.js';
import { byId } from '../shared/dom.js';

const EXPORT_FORMATS = {
  coco: { type: 'application/json', suffix: '.coco.json' },
  yolo: { type: 'text/plain', suffix: '.txt' },
  classes: { type: 'text/plain', suffix: '' },
} as const;

type ExportFormat = keyof typeof EXPORT_FORMATS;

/** The boxes shown, as the text of an annotation file: to read, copy or download. */
export class ResultPanel {
  readonly #form = byId('result-form', HTMLFormElement);
  readonly #text = byId('result', HTMLTextAreaElement);
  readonly #statusText = byId('result-status', HTMLElement);
  readonly #copy = byId('copy', HTMLButtonElement);
  readonly #download = byId('download', HTMLButtonElement);
  #annotated: AnnotatedImage | undefined;
  #origin: Provenance | undefined;

  constructor() {
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', () => this.#write());
    this.#copy.addEventListener('click', () => void this.#copyText());
    this.#download.addEventListener('click', () => this.#downloadText());
  }

  show(annotated: AnnotatedImage | undefined, origin: Provenance | undefined): void {
    this.#annotated = annotated;
    this.#origin = origin;
    this.#write();
  }

  get #chosen(): ExportFormat {
    const chosen = new FormData(this.#form).get('form');
    return chosen === 'yolo' || chosen === 'classes' ? chosen : 'coco';
  }

  #write(): void {
    const isThere = this.#annotated !== undefined && this.#origin !== undefined;
    this.#text.value = isThere ? this.#formatText(this.#annotated!, this.#origin!) : '';
    this.#copy.disabled = this.#download.disabled = !isThere;
    this.#statusText.textContent = '';
  }

  #formatText(annotated: AnnotatedImage, origin: Provenance): string {
    switch (this.#chosen) {
      case 'coco':
        return formatCoco(annotated, origin);
      case 'yolo':
        return formatYolo(annotated);
      case 'classes':
        return formatYoloClasses(annotated.classes);
    }
  }

  async #copyText(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#text.value);
      this.#statusText.textContent = 'Copied.';
    } catch {
      // The clipboard is for secure pages (https, localhost) only, and the visitor may refuse it.
      this.#text.focus();
      this.#text.select();
      this.#statusText.textContent = 'The text is selected: press Ctrl+C, or ⌘C on a Mac, to copy it.';
    }
  }

  #downloadText(): void {
    const { type, suffix } = EXPORT_FORMATS[this.#chosen];
    const stem = (this.#annotated?.name ?? 'image').replace(/\.[^.]*$/, '');
    const address = URL.createObjectURL(new Blob([this.#text.value], { type }));
    const link = document.createElement('a');
    link.href = address;
    link.download = suffix === '' ? 'classes.txt' : stem + suffix;
    link.click();
    URL.revokeObjectURL(address);
    this.#statusText.textContent = `Saved as ${link.download}.`;
  }
}
