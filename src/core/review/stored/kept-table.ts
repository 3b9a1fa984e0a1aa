import type { Xyxy } from '../../box.js';
import { BoxRows, CORNERS, PATCH, PROMPT, SCORE } from '../../gallery/box-rows.js';
import { PIXEL_STEPS, SCORE_STEPS } from '../../gallery/pack.js';
import type { DecidedBox } from '../decision.js';
import { idOfModelBox } from '../reviewed-boxes.js';

/** Boxes of the model that people kept, of all images, in a block of numbers: 28 bytes each. */
export class KeptTable {
  /** The prompt of a row is the number of its class and prompt. */
  readonly rows = new BoxRows();
  readonly #names: (readonly [name: string, prompt: string])[] = [];
  readonly #numbers = new Map<string, Map<string, number>>(); // by name, then by prompt

  /** The number of a class with one of its prompts. */
  numberOf(name: string, prompt: string): number {
    let ofName = this.#numbers.get(name);
    if (ofName === undefined) this.#numbers.set(name, (ofName = new Map<string, number>()));
    let number = ofName.get(prompt);
    if (number === undefined) ofName.set(prompt, (number = this.#names.push([name, prompt]) - 1));
    return number;
  }

  namesOf(number: number): readonly [name: string, prompt: string] {
    return this.#names[number]!;
  }

  patchOf(start: number): number {
    return this.rows.values[start + PATCH]!;
  }

  /** @param start - Where the row begins. */
  boxOf(start: number): DecidedBox {
    const { values } = this.rows;
    const [name, prompt] = this.#names[values[start + PROMPT]!]!;
    const corner = (i: number) => values[start + CORNERS + i]! / PIXEL_STEPS;
    const box: Xyxy = [corner(0), corner(1), corner(2), corner(3)];
    const id = idOfModelBox({ patchId: values[start + PATCH]! });
    return { id, status: 'kept', class: name, box, from: box, prompt, score: values[start + SCORE]! / SCORE_STEPS };
  }
}
