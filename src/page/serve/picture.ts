import { area } from '../../core/box.js';
import type { FoundBox, Size } from './answers.js';
import type { Colour } from '../shared/colours.js';
import { byId, make, makeSvg } from '../shared/dom.js';
import { Zoom } from './zoom.js';

/** A box as it is drawn. */
export interface DrawnBox extends FoundBox {
  readonly colour: Colour;
}

/** The image with the boxes over it. Both are upright: browser and server rotate images by their EXIF orientation. */
export class Picture {
  readonly #stage = byId('stage', HTMLElement);
  readonly #image = byId('image', HTMLImageElement);
  readonly #note = byId('picture-note', HTMLElement);
  readonly #labels = byId('labels', HTMLElement);
  readonly #overlay = makeSvg('svg', { class: 'overlay', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  readonly #zoom: Zoom;
  #selected = -1;
  #size: Size = { width: 1, height: 1 };
  #address = '';

  constructor(onSelect: (index: number) => void) {
    this.#stage.insertBefore(this.#overlay, this.#labels);
    this.#zoom = new Zoom((element) => {
      const box = element.closest<SVGElement>('.box');
      if (box !== null) onSelect(Number(box.dataset['index']));
    });
    this.#image.addEventListener('load', () => {
      const { src, naturalWidth: width, naturalHeight: height } = this.#image;
      if (src === this.#address && width > 0) this.#zoom.open({ width, height });
    });
    // A file that the browser cannot show is no image, or is replaced by a frame once the server has read it.
    this.#image.addEventListener('error', () => {
      if (this.#image.src === this.#address) this.#zoom.hide();
    });
  }

  /** Shows the visitor's own image without boxes; an image given by URL gets an empty frame once its size is known. */
  open(name: string, file: Blob | undefined): void {
    this.draw([]);
    this.#zoom.hide();
    URL.revokeObjectURL(this.#address);
    this.#address = file === undefined ? '' : URL.createObjectURL(file);
    this.#image.alt = name;
    this.#note.textContent = '';
    if (file === undefined) this.#image.removeAttribute('src');
    else this.#image.src = this.#address;
  }

  /** Fits the overlay to the image; shows an empty frame where the browser cannot show it as the server read it. */
  async fit(size: Size): Promise<void> {
    this.#size = size;
    this.#overlay.setAttribute('viewBox', `0 0 ${size.width} ${size.height}`);
    const address = this.#address;
    const isSame = address !== '' && (await this.#showsAt(size));
    if (isSame || address !== this.#address) return;
    this.#image.src = placeholderOf(size);
    this.#zoom.open(size);
    this.#note.textContent =
      address === ''
        ? 'The image itself is on another site and is not shown here: this is its frame.'
        : 'This browser cannot show this image as the server has seen it: this is its frame.';
  }

  /** @param selected - Index of the box to highlight. */
  draw(boxes: readonly DrawnBox[], selected = -1): void {
    const entries = boxes.map((drawn, index) => ({ drawn, index, isSelected: index === selected }));
    // Large boxes first, so that a small box inside one can still be clicked.
    const bySize = [...entries].sort((a, b) => area(b.drawn.box) - area(a.drawn.box));
    this.#overlay.replaceChildren(...bySize.map((entry) => this.#createBox(entry)));
    this.#labels.replaceChildren(...entries.map((entry) => this.#createLabel(entry)));
    this.#stage.classList.toggle('has-selection', selected !== -1);
    if (selected !== -1 && selected !== this.#selected) this.#zoom.reveal(boxes[selected]!.box);
    this.#selected = selected;
  }

  #createBox({ drawn, index, isSelected }: OverlayEntry): SVGGElement {
    const [x, y, x2, y2] = drawn.box;
    const place = { x, y, width: x2 - x, height: y2 - y };
    const group = makeSvg('g', { class: isSelected ? 'box selected' : 'box', 'data-index': index });
    group.append(
      makeSvg('rect', { ...place, class: 'halo' }),
      makeSvg('rect', { ...place, class: 'line', stroke: drawn.colour.fill }),
    );
    return group;
  }

  #createLabel({ drawn, isSelected }: OverlayEntry): HTMLElement {
    const [x1, y1, x2] = drawn.box;
    const label = make('span', isSelected ? 'label selected' : 'label', `${drawn.label} ${drawn.score.toFixed(2)}`);
    label.style.background = drawn.colour.fill;
    label.style.color = drawn.colour.text;
    // Labels are above their box; at the top of the image they are inside it, and on the right they are right-aligned.
    const isAtRight = x1 / this.#size.width > 0.7;
    if (isAtRight) label.style.right = formatPercent(1 - x2 / this.#size.width);
    else label.style.left = formatPercent(x1 / this.#size.width);
    label.style.top = formatPercent(y1 / this.#size.height);
    if (y1 / this.#size.height < 0.06) label.classList.add('inside');
    return label;
  }

  async #showsAt({ width, height }: Size): Promise<boolean> {
    const image = this.#image;
    try {
      await image.decode();
    } catch {
      return false; // the browser cannot decode it, or another image has been opened meanwhile
    }
    return image.naturalWidth === width && image.naturalHeight === height;
  }
}

interface OverlayEntry {
  readonly drawn: DrawnBox;
  readonly index: number;
  readonly isSelected: boolean;
}

function formatPercent(fraction: number): string {
  return `${Math.min(Math.max(fraction, 0), 1) * 100}%`;
}

/** An empty image of this size. */
function placeholderOf({ width, height }: Size): string {
  return `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='${width}' height='${height}'/%3E`;
}
