import type { EvaluatedImage } from '../evaluated-image.js';
import { pairGreedily } from './pair-greedily.js';

/** What objects of each class were taken for. */
export interface Confusion {
  readonly classIds: readonly number[];
  /**
   * Counts, `[class of the object][class that was found]`, in the order of `classIds`. The background comes last:
   * objects that were missed (column), and boxes where there is no object (row).
   */
  readonly matrix: readonly (readonly number[])[];
}

/** @param images - With those detections alone that are shown. */
export function confusionOf(images: readonly EvaluatedImage[], classIds: readonly number[], minIou: number): Confusion {
  const places = new Map(classIds.map((classId, place) => [classId, place]));
  const background = classIds.length;
  const matrix = Array.from({ length: background + 1 }, () => new Array<number>(background + 1).fill(0));
  const placeOf = (classId: number) => places.get(classId) ?? background;
  for (const image of images) {
    const { pairs, missed, surplus } = pairGreedily(image, { minIou, acrossClasses: true });
    for (const { object, detection } of pairs) matrix[placeOf(object.classId)]![placeOf(detection.classId)]!++;
    for (const { classId } of missed) matrix[placeOf(classId)]![background]!++;
    for (const { classId } of surplus) matrix[background]![placeOf(classId)]!++;
  }
  return { classIds, matrix };
}

/** Two classes that are taken for each other. */
export interface ConfusedPair {
  readonly classIds: readonly [number, number];
  readonly count: number; // objects of either that were found as the other
}

/** Pairs of classes, most often confused first. */
export function listConfused({ classIds, matrix }: Confusion): ConfusedPair[] {
  const pairs = classIds.flatMap((a, i) =>
    classIds.slice(i + 1).map((b, offset): ConfusedPair => {
      const j = i + 1 + offset;
      return { classIds: [a, b], count: matrix[i]![j]! + matrix[j]![i]! };
    }),
  );
  return pairs.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
}
