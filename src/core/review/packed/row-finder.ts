import { CORNERS, PATCH, PROMPT, SCORE } from '../../gallery/box-rows.js';
import { PIXEL_STEPS, SCORE_STEPS, type GalleryPack } from '../../gallery/pack.js';
import type { DecidedBox } from '../decision.js';
import { idOfModelBox } from '../reviewed-boxes.js';
import type { KeptTable } from '../stored/kept-table.js';
import { RowIndex } from './row-index.js';

/** Added to a row whose box was rejected. */
export const REJECTED = 0x8000;
/** Stands for a box that is no row. */
export const OTHER = 0xffff;
const MAX_ROWS = 0x7fff; // of an image; boxes in later ones are others

/** Finds the rows of decided boxes, which mostly follow each other. */
export class RowFinder {
  readonly #pack: GalleryPack;
  readonly #prompts = new Map<string, number>(); // by class and text
  #names: { readonly table: KeptTable; readonly prompts: number[] } | undefined; // by their numbers in the table
  #start = 0;
  #end = 0;
  #next = 0;
  #passed = 0; // rows of the image, by searches
  #index: RowIndex | undefined; // of the image, once searches have passed as many rows as it has

  constructor(pack: GalleryPack) {
    this.#pack = pack;
    const { prompts, classes } = pack.facts;
    prompts.forEach(({ text, class: of }, i) => {
      const key = keyOf(classes[of]?.name, text);
      if (!this.#prompts.has(key)) this.#prompts.set(key, i);
    });
  }

  begin(image: number): void {
    const { starts } = this.#pack.boxes;
    this.#start = starts[image]!;
    this.#end = Math.min(starts[image + 1]!, this.#start + MAX_ROWS);
    this.#next = this.#start;
    this.#passed = 0;
    this.#index = undefined;
  }

  /** @returns OTHER where it is not as the model found it, or is a box that the pack does not have. */
  find(box: DecidedBox): number {
    if (box.status !== 'kept' && box.status !== 'rejected') return OTHER;
    const patch = Number(box.id.slice(1));
    const row = this.#rowOf(patch, (at) => this.#isRow(at, box));
    return row === undefined ? OTHER : row + (box.status === 'rejected' ? REJECTED : 0);
  }

  /** The same for a box that was kept. @param start - Where its row in the table begins. */
  findKept(table: KeptTable, start: number): number {
    if (this.#names?.table !== table) this.#names = { table, prompts: [] };
    const { values } = table.rows;
    const { prompts } = this.#names;
    const prompt = (prompts[values[start + PROMPT]!] ??= this.#promptOf(table.namesOf(values[start + PROMPT]!)));
    const { boxes } = this.#pack;
    const row = this.#rowOf(values[start + PATCH]!, (at) => {
      if (boxes.prompts[at] !== prompt || boxes.scores[at] !== values[start + SCORE]) return false;
      for (let i = 0; i < 4; i++) if (boxes.corners[4 * at + i] !== values[start + CORNERS + i]) return false;
      return true;
    });
    return row ?? OTHER;
  }

  #promptOf([name, prompt]: readonly [name: string, prompt: string]): number {
    return this.#prompts.get(keyOf(name, prompt)) ?? -1;
  }

  /** @returns Counted from the first of the image. */
  #rowOf(patch: number, isRow: (row: number) => boolean): number | undefined {
    const { patches } = this.#pack.boxes;
    if (this.#passed >= this.#end - this.#start) this.#index ??= new RowIndex(patches, this.#start, this.#end);
    const row = this.#index ? this.#index.find(patch, this.#next, isRow) : this.#search(patch, isRow);
    if (row === undefined) return undefined;
    this.#next = row + 1;
    return row - this.#start;
  }

  /** Looks at each row from the next one on, which is fast where decided boxes follow each other. */
  #search(patch: number, isRow: (row: number) => boolean): number | undefined {
    const { patches } = this.#pack.boxes;
    const count = this.#end - this.#start;
    for (let i = 0; i < count; i++) {
      const row = this.#next + i < this.#end ? this.#next + i : this.#next + i - count;
      if (patches[row] === patch && isRow(row)) return row;
      this.#passed++;
    }
    return undefined;
  }

  #isRow(row: number, { id, class: name, box, from, prompt, score }: DecidedBox): boolean {
    const { facts, boxes } = this.#pack;
    return (
      id === idOfModelBox({ patchId: boxes.patches[row]! }) &&
      score === boxes.scores[row]! / SCORE_STEPS &&
      name === facts.classes[boxes.classes[row]!]!.name &&
      prompt === facts.prompts[boxes.prompts[row]!]!.text &&
      box.every((side, i) => side === boxes.corners[4 * row + i]! / PIXEL_STEPS && side === from?.[i])
    );
  }
}

function keyOf(name: string | undefined, prompt: string): string {
  return JSON.stringify([name, prompt]);
}
