import type { Xyxy } from '../box.js';

/** A box of the model, with the names that stand for its numbers. */
export interface ModelBox {
  readonly patchId: number;
  readonly class: string;
  readonly prompt: string;
  readonly score: number;
  readonly box: Xyxy; // pixels of the upright image
}
