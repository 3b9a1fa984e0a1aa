import type { Detection } from '../../core/detection.js';
import { PIXEL_STEPS, SCORE_STEPS, type BoxColumns } from '../../core/gallery/pack.js';

/** Boxes that an answer has at most: 84 MB. */
const MAX_BOXES = 3_000_000;
const KEPT_SHARE = 2 / 3; // where there are more

/** The boxes of one image, best first. */
interface Row {
  readonly scores: Uint32Array;
  readonly patches: Uint32Array;
  readonly corners: Uint32Array;
  readonly classes: Uint16Array;
  readonly prompts: Uint16Array;
}

/** The boxes of an answer, in the form of the page's table, as images arrive in any order. */
export class AnswerTable {
  readonly #rows: (Row | undefined)[];
  readonly #maxBoxes: number;
  #count = 0;
  #floor: number; // in steps of scores

  /** @param scoreFloor - Of the run: weaker boxes are not found. */
  constructor(images: number, { scoreFloor, maxBoxes = MAX_BOXES }: { scoreFloor: number; maxBoxes?: number }) {
    this.#rows = Array.from({ length: images }, () => undefined);
    this.#floor = Math.round(scoreFloor * SCORE_STEPS);
    this.#maxBoxes = maxBoxes;
  }

  /** Boxes with lower scores are not in the table: those of the run's floor, or where there were too many, of more. */
  get scoreFloor(): number {
    return this.#floor / SCORE_STEPS;
  }

  /** @param detections - Best score first. */
  add(image: number, detections: readonly Detection[]): void {
    const { length } = detections;
    const row = {
      scores: new Uint32Array(length),
      patches: new Uint32Array(length),
      corners: new Uint32Array(4 * length),
      classes: new Uint16Array(length),
      prompts: new Uint16Array(length),
    };
    for (const [i, { score, patchId, classId, queryId, box }] of detections.entries()) {
      row.scores[i] = Math.round(score * SCORE_STEPS);
      row.patches[i] = patchId;
      row.classes[i] = classId;
      row.prompts[i] = queryId;
      for (let side = 0; side < 4; side++) row.corners[4 * i + side] = Math.round(box[side]! * PIXEL_STEPS);
    }
    this.#rows[image] = this.#aboveFloor(row);
    this.#count += this.#rows[image].scores.length;
    if (this.#count > this.#maxBoxes) this.#raiseFloor();
  }

  toColumns(): BoxColumns {
    const starts = new Uint32Array(this.#rows.length + 1);
    for (const [i, row] of this.#rows.entries()) starts[i + 1] = starts[i]! + (row?.scores.length ?? 0);
    const count = starts.at(-1)!;
    const columns = {
      starts,
      scores: new Uint32Array(count),
      patches: new Uint32Array(count),
      corners: new Uint32Array(4 * count),
      classes: new Uint16Array(count),
      prompts: new Uint16Array(count),
    };
    for (const [i, row] of this.#rows.entries()) {
      if (row === undefined) continue;
      columns.scores.set(row.scores, starts[i]);
      columns.patches.set(row.patches, starts[i]);
      columns.corners.set(row.corners, 4 * starts[i]!);
      columns.classes.set(row.classes, starts[i]);
      columns.prompts.set(row.prompts, starts[i]);
    }
    return columns;
  }

  /** What is above the floor comes first. */
  #aboveFloor(row: Row): Row {
    const below = row.scores.findIndex((score) => score <= this.#floor);
    if (below === -1) return row;
    return {
      scores: row.scores.slice(0, below),
      patches: row.patches.slice(0, below),
      corners: row.corners.slice(0, 4 * below),
      classes: row.classes.slice(0, below),
      prompts: row.prompts.slice(0, below),
    };
  }

  #raiseFloor(): void {
    const counts = new Uint32Array(SCORE_STEPS + 1);
    for (const row of this.#rows) for (const score of row?.scores ?? []) counts[score]!++;
    let kept = 0;
    let floor = SCORE_STEPS;
    while (floor > 0 && kept + counts[floor]! <= this.#maxBoxes * KEPT_SHARE) kept += counts[floor--]!;
    this.#floor = floor;
    this.#count = 0;
    for (const [i, row] of this.#rows.entries()) {
      if (row === undefined) continue;
      this.#rows[i] = this.#aboveFloor(row);
      this.#count += this.#rows[i].scores.length;
    }
  }
}
