import { cxcywhToXyxy, iou, type Cxcywh, type Xyxy } from '../core/box.js';

/** Boxes that overlap the object nearly as much as the best one does are candidates too. */
const NEAR_SHARE = 0.8;

const UNIT = { width: 1, height: 1 };

/** What the model says of an example image. */
export interface PatchOutputs {
  readonly classEmbeds: Float32Array; // [P, T], as the class head projects them, not normalised
  readonly boxes: Float32Array; // [P, 4] cxcywh fractions of the model's input
}

/**
 * Chooses the patch that stands for the object in an example: of those whose boxes fit it, the one whose embedding is
 * least like the mean of the whole picture, which is mostly background.
 *
 * @param object - Where the object is, in fractions of the model's input; [0, 0, 1, 1] for all of it.
 * @returns The patch's number; the first of equals.
 * @see transformers `OwlViTForObjectDetection.embed_image_query`, whose object is always the whole input
 */
export function chooseQueryPatch({ classEmbeds, boxes }: PatchOutputs, object: Xyxy): number {
  const patches = boxes.length / 4;
  const width = classEmbeds.length / patches;
  const overlaps = Array.from({ length: patches }, (_, patch) => {
    const box = boxes.subarray(patch * 4, patch * 4 + 4) as unknown as Cxcywh;
    return iou(cxcywhToXyxy(box, UNIT), object);
  });
  const enough = Math.max(...overlaps) * NEAR_SHARE;
  const mean = computeMeanRow(classEmbeds, width);
  let chosen = 0;
  let least = Infinity;
  for (let patch = 0; patch < patches; patch++) {
    if (overlaps[patch]! < enough) continue;
    const likeness = dot(classEmbeds.subarray(patch * width, (patch + 1) * width), mean);
    if (likeness >= least) continue;
    chosen = patch;
    least = likeness;
  }
  return chosen;
}

function computeMeanRow(matrix: Float32Array, width: number): Float64Array {
  const mean = new Float64Array(width);
  for (let i = 0; i < matrix.length; i++) mean[i % width]! += matrix[i]!;
  const rows = matrix.length / width;
  return mean.map((sum) => sum / rows);
}

function dot(a: Float32Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
