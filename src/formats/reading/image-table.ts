import type { LabelledImage } from '../../core/data-set/data-set.js';
import { NumberColumn } from './number-column.js';
import { ownText } from './own-text.js';

/** An image as a table has it. */
export interface ImageRow {
  readonly name: string;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly id?: number;
  readonly line?: number;
  readonly part?: string | undefined;
}

/** Images of a file that lists their boxes elsewhere, or in any order. */
export class ImageTable {
  readonly #file: string;
  readonly #names: string[] = [];
  readonly #widths = new NumberColumn();
  readonly #heights = new NumberColumn();
  readonly #ids = new NumberColumn();
  readonly #lines = new NumberColumn();
  readonly #parts = new NumberColumn(); // places in the list of their names
  readonly #partNames: string[] = [];

  /** @param file - Absolute path of the file. */
  constructor(file: string) {
    this.#file = file;
  }

  get count(): number {
    return this.#names.length;
  }

  /** @returns The index of the image. */
  add({ name, width, height, id, line, part }: ImageRow): number {
    const index = this.#names.push(ownText(name)) - 1;
    this.#widths.set(index, width);
    this.#heights.set(index, height);
    this.#ids.set(index, id);
    this.#lines.set(index, line);
    this.setPart(index, part);
    return index;
  }

  setPart(index: number, part: string | undefined): void {
    if (part === undefined) return;
    const known = this.#partNames.indexOf(part);
    this.#parts.set(index, known === -1 ? this.#partNames.push(ownText(part)) - 1 : known);
  }

  nameOf(index: number): string {
    return this.#names[index]!;
  }

  /** @param boxesOf - The boxes of an image by its index. */
  withBoxes(boxesOf: (index: number) => LabelledImage['boxes']): AsyncIterable<LabelledImage> {
    const imageAt = (index: number) => ({ ...this.#imageAt(index), boxes: boxesOf(index) });
    const { count } = this;
    return {
      async *[Symbol.asyncIterator]() {
        for (let index = 0; index < count; index++) yield await Promise.resolve(imageAt(index));
      },
    };
  }

  #imageAt(index: number): Omit<LabelledImage, 'boxes'> {
    const width = this.#widths.get(index);
    const height = this.#heights.get(index);
    const id = this.#ids.get(index);
    const line = this.#lines.get(index);
    const part = this.#parts.get(index);
    return {
      name: this.#names[index]!,
      file: this.#file,
      ...(width === undefined || height === undefined ? {} : { width, height }),
      ...(id === undefined ? {} : { id }),
      ...(line === undefined ? {} : { line }),
      ...(part === undefined ? {} : { part: this.#partNames[part]! }),
    };
  }
}
