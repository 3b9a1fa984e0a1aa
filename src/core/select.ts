import { iou } from './box.js';
import { compareDetections, type Detection } from './detection.js';

/** Which of the stored detections are shown. Decided after the model has run, and changed without it. */
export interface Selection {
  readonly thresholds: readonly number[]; // one per class
  readonly nmsIou: readonly number[] | null; // one per class; null: no suppression
  readonly classAgnosticNms: boolean;
  readonly maxDetections: number; // an image
}

/**
 * How much two boxes of a class may overlap where `nms_iou` is not set. A prompt finds an object mostly once; what
 * resembles an example picture, many patches around each object do.
 *
 * @see transformers `OwlViTProcessor.post_process_image_guided_detection`, whose default is 0.3
 */
export const NMS_IOU = { prompts: 0.5, examples: 0.3 };

/**
 * Leaves each box to the best of the classes whose threshold it passes (strictly above), then applies non-maximum
 * suppression, then the limit an image. What is not shown suppresses nothing.
 *
 * @param detections - All that the model found in one image, in any order.
 * @returns The survivors, best score first.
 */
export function select(detections: readonly Detection[], selection: Selection): Detection[] {
  const { thresholds, nmsIou, classAgnosticNms, maxDetections } = selection;
  const passing = detections.filter(({ classId, score }) => score > thresholds[classId]!);
  const candidates = bestClassOfBoxes(passing.sort(compareDetections));
  const kept = nmsIou === null ? candidates : suppress(candidates, (classId) => nmsIou[classId]!, classAgnosticNms);
  return kept.slice(0, maxDetections);
}

/** A patch of the model gives one box, and may give it for several classes: the best of them decides what it shows. */
function bestClassOfBoxes(sorted: readonly Detection[]): Detection[] {
  const decided = new Set<number>();
  return sorted.filter(({ patchId }) => {
    const isBest = !decided.has(patchId);
    decided.add(patchId);
    return isBest;
  });
}

/**
 * Greedy non-maximum suppression: a box that overlaps a better one by more than its class allows is dropped, and then
 * suppresses nothing itself.
 *
 * @param sorted - Best score first.
 * @param maxIouOf - What a class allows. Between boxes of two classes, the weaker box's class decides.
 * @param classAgnostic - Boxes of different classes suppress each other too.
 */
export function suppress(
  sorted: readonly Detection[],
  maxIouOf: (classId: number) => number,
  classAgnostic: boolean,
): Detection[] {
  const kept: Detection[] = [];
  for (const candidate of sorted) {
    const maxIou = maxIouOf(candidate.classId);
    const rival = (better: Detection) =>
      (classAgnostic || better.classId === candidate.classId) && iou(better.box, candidate.box) > maxIou;
    if (!kept.some(rival)) kept.push(candidate);
  }
  return kept;
}
