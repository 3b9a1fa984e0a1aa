import type { Detection } from '../detection.js';
import { PIXEL_STEPS, SCORE_STEPS } from './pack.js';

/** Numbers of a box in {@link BoxRows}: score and corners in the steps of a pack, and the prompt that found it. */
export const SCORE = 0;
export const PATCH = 1;
export const CORNERS = 2; // x1, y1, x2, y2
export const PROMPT = 6;
export const ROW = 7;

/** The boxes of one image, {@link ROW} numbers each. Used again for the next one. */
export class BoxRows {
  values = new Uint32Array(ROW * 1024);
  count = 0;

  /** Adds a row, to be filled. @returns Where it begins */
  add(): number {
    const start = this.count++ * ROW;
    if (start + ROW > this.values.length) {
      const larger = new Uint32Array(this.values.length * 2);
      larger.set(this.values);
      this.values = larger;
    }
    return start;
  }

  /** Has these boxes instead of those of the image before. */
  fill(detections: readonly Detection[]): this {
    this.count = 0;
    for (const { queryId: prompt, patchId: patch, score, box } of detections)
      this.addBox({ prompt, patch, score, box });
    return this;
  }

  addBox({
    prompt,
    patch,
    score,
    box,
  }: {
    prompt: number;
    patch: number;
    score: number;
    box: readonly number[];
  }): void {
    const start = this.add();
    const { values } = this;
    values[start + SCORE] = Math.round(score * SCORE_STEPS);
    values[start + PATCH] = patch;
    for (let i = 0; i < 4; i++) values[start + CORNERS + i] = Math.max(0, Math.round(box[i]! * PIXEL_STEPS));
    values[start + PROMPT] = prompt;
  }
}
