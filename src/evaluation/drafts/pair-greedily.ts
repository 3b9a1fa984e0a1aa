import type { EvaluatedImage, EvaluatedObject, FoundObject } from '../evaluated-image.js';
import { iouOf, overlapsOf } from '../match-boxes.js';

/** Boxes of an image that were paired one to one. */
export interface Pairing {
  readonly pairs: readonly Pair[];
  readonly missed: readonly EvaluatedObject[];
  readonly surplus: readonly FoundObject[]; // without those that lie in a crowd of their class
}

export interface Pair {
  readonly object: EvaluatedObject;
  readonly detection: FoundObject;
  readonly iou: number;
}

/**
 * Pairs what was found with what is there, the largest overlaps first; of equal ones a pair of one class comes first,
 * then the best score, then the order of the boxes.
 *
 * @param rules - `minIou`: pairs overlap by this or more. `acrossClasses`: boxes of two classes are paired too.
 */
export function pairGreedily(
  { objects: all, detections }: EvaluatedImage,
  { minIou, acrossClasses }: { minIou: number; acrossClasses: boolean },
): Pairing {
  const objects = all.filter(({ isCrowd }) => isCrowd !== true);
  const candidates: Pair[] = [];
  for (const detection of detections) {
    for (const object of objects) {
      if (!acrossClasses && !isSameClass({ object, detection })) continue;
      const iou = iouOf(detection.box, object.box);
      if (iou >= minIou && iou > 0) candidates.push({ object, detection, iou });
    }
  }
  candidates.sort(
    (a, b) => b.iou - a.iou || Number(isSameClass(b)) - Number(isSameClass(a)) || b.detection.score - a.detection.score,
  );
  const taken = new Set<EvaluatedObject | FoundObject>();
  const pairs = candidates.filter(({ object, detection }) => {
    if (taken.has(object) || taken.has(detection)) return false;
    taken.add(object).add(detection);
    return true;
  });
  const crowds = all.filter(({ isCrowd }) => isCrowd === true);
  return {
    pairs,
    missed: objects.filter((object) => !taken.has(object)),
    surplus: detections.filter((detection) => !taken.has(detection) && !liesInCrowd(detection, crowds, minIou)),
  };
}

function isSameClass({ object, detection }: Pick<Pair, 'object' | 'detection'>): boolean {
  return object.classId === detection.classId;
}

function liesInCrowd(detection: FoundObject, crowds: readonly EvaluatedObject[], minShare: number): boolean {
  const own = crowds.filter(({ classId }) => classId === detection.classId);
  return overlapsOf([detection], own).some((share) => share >= minShare);
}
