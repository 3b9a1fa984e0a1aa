import { byId, make } from '../shared/dom.js';
import type { ImageInput } from './api.js';

/** The images that were given together, to go through; shown where there are several. */
export class ImageStrip {
  readonly #strip = byId('strip', HTMLElement);
  readonly #onOpen: (image: ImageInput) => void;
  #addresses: string[] = [];

  constructor(onOpen: (image: ImageInput) => void) {
    this.#onOpen = onOpen;
    this.#strip.addEventListener('keydown', (event) => this.#moveFocus(event));
  }

  fill(images: readonly ImageInput[]): void {
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
    this.#addresses = [];
    this.#strip.hidden = images.length < 2;
    this.#strip.replaceChildren(...(images.length < 2 ? [] : images.map((image) => this.#createButton(image, images))));
  }

  /** Marks the image that is open. */
  mark(index: number): void {
    [...this.#strip.children].forEach((button, i) => {
      if (i === index) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    });
    this.#strip.children[index]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #createButton(image: ImageInput, images: readonly ImageInput[]): HTMLElement {
    const button = make('button', '');
    button.type = 'button';
    button.title = image.name;
    button.setAttribute('aria-label', `${image.name}, ${images.indexOf(image) + 1} of ${images.length}`);
    if ('file' in image) {
      const picture = make('img', '');
      const address = URL.createObjectURL(image.file);
      this.#addresses.push(address);
      picture.src = address;
      picture.alt = '';
      picture.loading = 'lazy';
      picture.addEventListener('error', () => picture.replaceWith(make('small', '', 'No picture')));
      button.append(picture);
    }
    button.addEventListener('click', () => this.#onOpen(image));
    return button;
  }

  #moveFocus(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const buttons = [...this.#strip.children] as HTMLElement[];
    const next = buttons[buttons.indexOf(document.activeElement as HTMLElement) + step];
    if (next === undefined) return;
    event.preventDefault();
    next.focus();
    next.click();
  }
}
