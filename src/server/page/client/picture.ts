import type { Found, Size } from './answers.js';
import type { Colour } from './colours.js';
import { byId, make, makeSvg } from './dom.js';

/** A box as it is drawn. */
export interface Drawn extends Found {
  readonly colour: Colour;
}

/** The image with the boxes over it. Both are upright: browsers turn images as their EXIF says, and so does the server. */
export class Picture {
  readonly #stage = byId('stage', HTMLElement);
  readonly #image = byId('image', HTMLImageElement);
  readonly #note = byId('picture-note', HTMLElement);
  readonly #labels = byId('labels', HTMLElement);
  readonly #overlay = makeSvg('svg', { class: 'overlay', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  readonly #onSelect: (index: number) => void;
  #size: Size = { width: 1, height: 1 };
  #address = '';

  constructor(onSelect: (index: number) => void) {
    this.#onSelect = onSelect;
    this.#stage.insertBefore(this.#overlay, this.#labels);
    // What this browser cannot show may be none, or gets a frame once the server has read it.
    this.#image.addEventListener('error', () => {
      if (this.#image.src === this.#address) this.#stage.hidden = true;
    });
  }

  /** Shows an image of the visitor's own without boxes; of another site's there is only its frame, once that is known. */
  open(name: string, file: Blob | undefined): void {
    this.draw([]);
    URL.revokeObjectURL(this.#address);
    this.#address = file === undefined ? '' : URL.createObjectURL(file);
    this.#image.alt = name;
    this.#note.textContent = '';
    if (file === undefined) this.#image.removeAttribute('src');
    else this.#image.src = this.#address;
    this.#stage.hidden = file === undefined;
  }

  /** Fits boxes to the image, or puts up a frame of its size where it cannot be shown as the server has seen it. */
  async fit(size: Size): Promise<void> {
    this.#size = size;
    this.#overlay.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
    const address = this.#address;
    const isSame = address !== '' && (await this.#showsAt(size));
    if (isSame || address !== this.#address) return;
    this.#image.src = frameOf(size);
    this.#note.textContent =
      address === ''
        ? 'The image itself is on another site and is not shown here: this is its frame.'
        : 'This browser cannot show this image as the server has seen it: this is its frame.';
    this.#stage.hidden = false;
  }

  /** @param selected - Index of the box to bring out. */
  draw(boxes: readonly Drawn[], selected = -1): void {
    const entries = boxes.map((drawn, index) => ({ drawn, index, isSelected: index === selected }));
    // A small box within a large one must stay within reach of the pointer.
    const bySize = [...entries].sort((a, b) => areaOf(b.drawn) - areaOf(a.drawn));
    this.#overlay.replaceChildren(...bySize.map((entry) => this.#boxOf(entry)));
    this.#labels.replaceChildren(...entries.map((entry) => this.#labelOf(entry)));
    this.#stage.classList.toggle('has-selection', selected !== -1);
  }

  #boxOf({ drawn, index, isSelected }: Entry): SVGGElement {
    const [x, y, x2, y2] = drawn.box;
    const place = { x, y, width: x2 - x, height: y2 - y };
    const group = makeSvg('g', { class: isSelected ? 'box selected' : 'box', 'data-index': index });
    group.append(
      makeSvg('rect', { ...place, class: 'halo' }),
      makeSvg('rect', { ...place, class: 'line', stroke: drawn.colour.fill }),
    );
    group.addEventListener('click', () => this.#onSelect(index));
    return group;
  }

  #labelOf({ drawn, isSelected }: Entry): HTMLElement {
    const [x1, y1, x2] = drawn.box;
    const label = make('span', isSelected ? 'label selected' : 'label', `${drawn.label} ${drawn.score.toFixed(2)}`);
    label.style.background = drawn.colour.fill;
    label.style.color = drawn.colour.text;
    // Labels stand on their box; at the top of the image they hang into it, and on the right they grow to the left.
    const isAtRight = x1 / this.#size.width > 0.7;
    if (isAtRight) label.style.right = percent(1 - x2 / this.#size.width);
    else label.style.left = percent(x1 / this.#size.width);
    label.style.top = percent(y1 / this.#size.height);
    if (y1 / this.#size.height < 0.06) label.classList.add('inside');
    return label;
  }

  async #showsAt({ width, height }: Size): Promise<boolean> {
    const image = this.#image;
    try {
      await image.decode();
    } catch {
      return false; // of a kind that this browser does not know, or another one has been opened meanwhile
    }
    return image.naturalWidth === width && image.naturalHeight === height;
  }
}

interface Entry {
  readonly drawn: Drawn;
  readonly index: number;
  readonly isSelected: boolean;
}

function areaOf({ box: [x1, y1, x2, y2] }: Drawn): number {
  return (x2 - x1) * (y2 - y1);
}

function percent(fraction: number): string {
  return `${Math.min(Math.max(fraction, 0), 1) * 100}%`;
}

/** Takes the room of an image, by the same rules. */
function frameOf({ width, height }: Size): string {
  return `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}'/%3E`;
}
