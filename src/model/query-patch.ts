import { cxcywhToXyxy, iou, type Cxcywh, type Xyxy } from '../core/box.js';

/** Boxes that overlap the object nearly as much as the best one does are candidates too. */
const NEAR_SHARE = 0.8;

const UNIT = { width: 1, height: 1 };

/** What the model says of an example image. */
export interface PatchOutputs {
  readonly classEmbeds: Float32Array; // [P, T], as the class head projects them, not normalised
  readonly boxes: Float32Array; // [P, 4] cxcywh fractions of the model's input
  readonly objectness?: Float32Array | undefined; // [P] logits, of models that predict it
}

/** The patch that stands for the object in an example. */
export interface QueryPatch {
  readonly patch: number;
  readonly box: Xyxy; // that is predicted there, in fractions of the model's input; may reach beyond it
  readonly iou: number; // with the object, above 0
}

/**
 * Chooses the patch that stands for the object in an example, of those whose boxes fit it: where objectness is given,
 * the one that is most likely an object; else the one whose embedding is least like the mean of the whole picture,
 * which is mostly background.
 *
 * @param object - Where the object is, in fractions of the model's input.
 * @returns The first of equals; undefined when no predicted box overlaps the object. transformers takes the next best
 *   by generalised IoU then, of which none passes its threshold, and fails.
 * @see scenic `owl_vit/notebooks/OWL_ViT_minimal_example.ipynb`, which chooses by objectness; transformers
 *   `OwlViTForObjectDetection.embed_image_query`, whose object is always the whole input
 */
export function chooseQueryPatch(
  { classEmbeds, boxes, objectness }: PatchOutputs,
  object: Xyxy,
): QueryPatch | undefined {
  const candidates = findCandidates(boxes, object);
  if (objectness !== undefined) return highest(candidates, ({ patch }) => objectness[patch]!);
  const width = (classEmbeds.length * 4) / boxes.length;
  const mean = computeMeanRow(classEmbeds, width);
  return highest(candidates, ({ patch }) => -dot(classEmbeds.subarray(patch * width, (patch + 1) * width), mean));
}

/** The patches whose boxes overlap the object nearly best; none when no box does. */
function findCandidates(boxes: Float32Array, object: Xyxy): QueryPatch[] {
  const all = Array.from({ length: boxes.length / 4 }, (_, patch): QueryPatch => {
    const box = cxcywhToXyxy(boxes.subarray(patch * 4, patch * 4 + 4) as unknown as Cxcywh, UNIT);
    return { patch, box, iou: iou(box, object) };
  });
  const enough = Math.max(...all.map((one) => one.iou)) * NEAR_SHARE;
  return enough > 0 ? all.filter((one) => one.iou >= enough) : [];
}

/** The first of those with the highest value. */
function highest<Item>(items: readonly Item[], valueOf: (item: Item) => number): Item | undefined {
  let found: Item | undefined;
  let most = -Infinity;
  for (const item of items) {
    const value = valueOf(item);
    if (found !== undefined && value <= most) continue;
    found = item;
    most = value;
  }
  return found;
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
