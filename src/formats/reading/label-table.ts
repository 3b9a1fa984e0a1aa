import { xywhToXyxy, type Xywh, type Xyxy } from '../../core/box.js';
import type { LabelledBox } from '../../core/data-set/data-set.js';
import { NumberColumn } from './number-column.js';
import { ownText } from './own-text.js';

/** A box as a table has it. */
export interface BoxRow extends Omit<LabelledBox, 'id' | 'className' | 'box' | 'xywh'> {
  readonly box: Xyxy | Xywh; // in the form of the table
  readonly image: number; // a number that stands for its image
  readonly category: number; // a number that stands for its class
  readonly id?: number;
}

/** What the numbers of a table stand for. */
export interface TableKeys {
  readonly imageCount: number;
  /** The index of a box's image; undefined leaves the box out. */
  readonly imageOf: (row: number) => number | undefined;
  readonly classNameOf: (category: number) => string;
}

/**
 * Boxes of a file that lists them in any order, a million in about 80 MB. They are grouped by image once all of them
 * are there.
 */
export class LabelTable {
  readonly #form: 'xyxy' | 'xywh';
  #rows = 0;
  readonly #images = new NumberColumn();
  readonly #categories = new NumberColumn();
  readonly #sides = [new NumberColumn(), new NumberColumn(), new NumberColumn(), new NumberColumn()] as const;
  readonly #scores = new NumberColumn();
  readonly #areas = new NumberColumn();
  readonly #ids = new NumberColumn();
  readonly #lines = new NumberColumn();
  readonly #prompts = new NumberColumn();
  readonly #crowds = new Set<number>();
  readonly #texts: string[] = []; // of prompts
  readonly #textIndexes = new Map<string, number>();

  /** @param form - How the file states boxes. */
  constructor(form: 'xyxy' | 'xywh') {
    this.#form = form;
  }

  get rows(): number {
    return this.#rows;
  }

  add({ image, category, box, score, area, id, line, prompt, isCrowd = false }: BoxRow): void {
    const row = this.#rows++;
    this.#images.set(row, image);
    this.#categories.set(row, category);
    this.#sides.forEach((column, side) => column.set(row, box[side]));
    this.#scores.set(row, score);
    this.#areas.set(row, area);
    this.#ids.set(row, id);
    this.#lines.set(row, line);
    if (prompt !== undefined) this.#prompts.set(row, this.#keepText(prompt));
    if (isCrowd) this.#crowds.add(row);
  }

  /** The numbers that a row was added with, and its place in the file. */
  keysOf(row: number): { image: number; category: number; id: number | undefined } {
    return { image: this.#images.get(row)!, category: this.#categories.get(row)!, id: this.#ids.get(row) };
  }

  /** @returns The boxes of an image by its index, in the order in which they were added. */
  group({ imageCount, imageOf, classNameOf }: TableKeys): (image: number) => LabelledBox[] {
    const owners = new Int32Array(this.#rows);
    const ends = new Uint32Array(imageCount + 1); // while `order` is filled: where the next box of an image goes
    for (let row = 0; row < this.#rows; row++) {
      const image = imageOf(row);
      owners[row] = image ?? -1;
      if (image !== undefined) ends[image + 1]!++;
    }
    for (let image = 0; image < imageCount; image++) ends[image + 1]! += ends[image]!;
    const order = new Uint32Array(this.#rows);
    for (let row = 0; row < this.#rows; row++) if (owners[row] !== -1) order[ends[owners[row]!]!++] = row;
    return (image) =>
      Array.from(order.subarray(ends[image - 1] ?? 0, ends[image]), (row) => this.#boxAt(row, classNameOf));
  }

  #boxAt(row: number, classNameOf: (category: number) => string): LabelledBox {
    const score = this.#scores.get(row);
    const area = this.#areas.get(row);
    const id = this.#ids.get(row);
    const line = this.#lines.get(row);
    const prompt = this.#prompts.get(row);
    const [a, b, c, d] = this.#sides;
    const sides = [a.get(row)!, b.get(row)!, c.get(row)!, d.get(row)!] as const;
    return {
      className: classNameOf(this.#categories.get(row)!),
      ...(this.#form === 'xywh' ? { box: xywhToXyxy(sides), xywh: sides } : { box: sides }),
      ...(score === undefined ? {} : { score }),
      ...(area === undefined ? {} : { area }),
      ...(id === undefined ? {} : { id }),
      ...(line === undefined ? {} : { line }),
      ...(prompt === undefined ? {} : { prompt: this.#texts[prompt]! }),
      ...(this.#crowds.has(row) ? { isCrowd: true } : {}),
    };
  }

  #keepText(text: string): number {
    const known = this.#textIndexes.get(text);
    if (known !== undefined) return known;
    const own = ownText(text);
    this.#textIndexes.set(own, this.#texts.length);
    return this.#texts.push(own) - 1;
  }
}
