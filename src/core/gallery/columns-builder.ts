import { CORNERS, PATCH, PROMPT, ROW, SCORE, type BoxRows } from './box-rows.js';
import { SCORE_STEPS, type BoxColumns } from './pack.js';

/** Boxes of a page: 84 MB. */
export const MAX_BOXES = 3_000_000;

const FIRST_CAPACITY = 1 << 16;

/** Boxes in columns, while images are added in any order. */
export class ColumnsBuilder {
  /** No box with this score or a lower one is kept, in steps; -1: all are. */
  floor = -1;
  readonly #classOf: readonly number[];
  readonly #limit: number;
  readonly #starts: Uint32Array;
  readonly #counts: Uint32Array;
  readonly #order: number[] = []; // images, as they were added
  readonly #histogram = new Uint32Array(SCORE_STEPS + 1); // of all boxes that were added
  #columns = allocate(FIRST_CAPACITY);
  #length = 0;
  #added = 0;

  /**
   * @param classOf - Class of each prompt; boxes of prompts with a negative one are not shown.
   * @param limit - Boxes. Where there are more, those with the lowest scores are left out.
   */
  constructor({ images, classOf, limit }: { images: number; classOf: readonly number[]; limit: number }) {
    this.#classOf = classOf;
    this.#limit = limit;
    this.#starts = new Uint32Array(images);
    this.#counts = new Uint32Array(images);
  }

  /** @param index - Of an image that has none yet. */
  addImage(index: number, rows: BoxRows): void {
    this.#order.push(index);
    this.#starts[index] = this.#length;
    const { values, count } = rows;
    if (this.#isSorted(rows)) for (let i = 0; i < count; i++) this.#add(values, i * ROW);
    else for (const start of this.#sort(rows)) this.#add(values, start);
    this.#counts[index] = this.#length - this.#starts[index];
    if (this.#length > this.#limit * 1.5) this.#leaveOut(); // seldom: each time costs a pass over all
  }

  /** All boxes in the order of the images' indices. */
  finish(): BoxColumns {
    if (this.#added > this.#limit) this.#leaveOut();
    const images = this.#starts.length;
    const starts = new Uint32Array(images + 1);
    for (let i = 0; i < images; i++) starts[i + 1] = starts[i]! + this.#counts[i]!;
    const from = this.#columns;
    const to = allocate(this.#length);
    for (let i = 0; i < images;) {
      // Images that lie side by side are copied together.
      const first = this.#starts[i]!;
      let end = first + this.#counts[i]!;
      const at = starts[i]!;
      for (i++; i < images && this.#starts[i] === end; i++) end += this.#counts[i]!;
      to.scores.set(from.scores.subarray(first, end), at);
      to.patches.set(from.patches.subarray(first, end), at);
      to.corners.set(from.corners.subarray(4 * first, 4 * end), 4 * at);
      to.classes.set(from.classes.subarray(first, end), at);
      to.prompts.set(from.prompts.subarray(first, end), at);
    }
    return { starts, ...to };
  }

  #add(values: Uint32Array, start: number): void {
    const score = values[start + SCORE]!;
    const prompt = values[start + PROMPT]!;
    const classId = this.#classOf[prompt]!;
    if (classId < 0) return;
    this.#histogram[score]!++;
    this.#added++;
    if (score <= this.floor) return;
    if (this.#length === this.#columns.scores.length) this.#columns = enlarge(this.#columns);
    const { scores, patches, corners, classes, prompts } = this.#columns;
    const at = this.#length++;
    scores[at] = score;
    patches[at] = values[start + PATCH]!;
    for (let i = 0; i < 4; i++) corners[at * 4 + i] = values[start + CORNERS + i]!;
    classes[at] = classId;
    prompts[at] = prompt;
  }

  /** Whether the rows are in the order of `compareDetections`, as most journals have them. */
  #isSorted({ values, count }: BoxRows): boolean {
    for (let i = 1; i < count; i++) if (this.#compare(values, (i - 1) * ROW, i * ROW) > 0) return false;
    return true;
  }

  #sort({ values, count }: BoxRows): number[] {
    return Array.from({ length: count }, (_, i) => i * ROW).sort((a, b) => this.#compare(values, a, b));
  }

  #compare(values: Uint32Array, a: number, b: number): number {
    const difference = values[b + SCORE]! - values[a + SCORE]!;
    if (difference !== 0) return difference;
    const classes = this.#classOf[values[a + PROMPT]!]! - this.#classOf[values[b + PROMPT]!]!;
    if (classes !== 0) return classes;
    for (let i = CORNERS; i < CORNERS + 4; i++)
      if (values[a + i] !== values[b + i]) return values[a + i]! - values[b + i]!;
    return values[a + PATCH]! - values[b + PATCH]!;
  }

  /** Raises the floor until so many are left as there may be. */
  #leaveOut(): void {
    let kept = 0;
    let floor = SCORE_STEPS;
    while (floor > this.floor && floor >= 0 && kept + this.#histogram[floor]! <= this.#limit)
      kept += this.#histogram[floor--]!;
    if (floor <= this.floor) return;
    this.floor = floor;
    this.#compact();
  }

  #compact(): void {
    const { scores, patches, corners, classes, prompts } = this.#columns;
    let length = 0;
    for (const image of this.#order) {
      const first = this.#starts[image]!;
      let end = first;
      while (end < first + this.#counts[image]! && scores[end]! > this.floor) end++; // best score first
      this.#starts[image] = length;
      this.#counts[image] = end - first;
      for (const column of [scores, patches, classes, prompts]) column.copyWithin(length, first, end);
      corners.copyWithin(4 * length, 4 * first, 4 * end);
      length += end - first;
    }
    this.#length = length;
  }
}

type Columns = Omit<BoxColumns, 'starts'>;

function allocate(boxes: number): Columns {
  return {
    scores: new Uint32Array(boxes),
    patches: new Uint32Array(boxes),
    corners: new Uint32Array(4 * boxes),
    classes: new Uint16Array(boxes),
    prompts: new Uint16Array(boxes),
  };
}

function enlarge(columns: Columns): Columns {
  const larger = allocate(columns.scores.length * 2);
  for (const name of ['scores', 'patches', 'corners', 'classes', 'prompts'] as const) larger[name].set(columns[name]);
  return larger;
}
