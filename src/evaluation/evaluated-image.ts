import type { Xywh } from '../core/box.js';

/** What is in an image, and what was found there. Classes are any numbers that both sides share. */
export interface EvaluatedImage {
  readonly objects: readonly EvaluatedObject[];
  readonly detections: readonly FoundObject[];
}

/**
 * An object of the ground truth. Boxes have their sizes as the files state them: corners would round them, and an
 * overlap of exactly 0.5 would no longer be one.
 */
export interface EvaluatedObject {
  readonly classId: number;
  readonly box: Xywh;
  readonly area?: number; // square pixels; default: of the box
  readonly isCrowd?: boolean; // a region of many: finding it is neither right nor wrong, however often
}

export interface FoundObject {
  readonly classId: number;
  readonly score: number;
  readonly box: Xywh;
}
