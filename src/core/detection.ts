import type { Xyxy } from './box.js';

/** One object found in one image. Shared by workers, formats and HTTP. */
export interface Detection {
  readonly classId: number; // index into `ontology.classes`
  readonly queryId: number; // index into `ontology.queries`: the prompt that won
  /** Which patch of the model's grid gave the box, counted on from tile to tile: one box for all its classes. */
  readonly patchId: number;
  readonly score: number; // sigmoid(logit), 0–1, 5 decimals
  readonly box: Xyxy; // clipped to the image, 2 decimals
}

/** Decimals that a score and a coordinate keep from the model on, so that every view states the same number. */
export const SCORE_DECIMALS = 5;
export const BOX_DECIMALS = 2;

/** The order detections are kept in: best score first, then class, then box, then patch. No two have the same place. */
export function compareDetections(a: Detection, b: Detection): number {
  return (
    b.score - a.score ||
    a.classId - b.classId ||
    a.box[0] - b.box[0] ||
    a.box[1] - b.box[1] ||
    a.box[2] - b.box[2] ||
    a.box[3] - b.box[3] ||
    a.patchId - b.patchId
  );
}
