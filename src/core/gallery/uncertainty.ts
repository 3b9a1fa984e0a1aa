import { SCORE_STEPS, type BoxColumns } from './pack.js';

/** By what the images of a pack are ordered, those first about which the model is least certain. */
interface Uncertain {
  readonly boxes: BoxColumns;
  readonly thresholds: readonly number[]; // of each class
  readonly isCounted?: (row: number) => boolean; // all rows, where it is left out
}

/**
 * How far the score that is nearest to the threshold of its class is from it, in steps: low where the model is
 * uncertain. Infinity for images without boxes.
 */
export function nearestToThreshold(image: number, { boxes, thresholds, isCounted }: Uncertain): number {
  const { starts, scores, classes } = boxes;
  let nearest = Infinity;
  for (let row = starts[image]!; row < starts[image + 1]!; row++) {
    if (isCounted?.(row) === false) continue;
    nearest = Math.min(nearest, Math.round(Math.abs(scores[row]! - thresholds[classes[row]!]! * SCORE_STEPS)));
  }
  return nearest;
}
