import { meanPrecision, meanRecall, type Evaluation } from './evaluation.js';
import type { SizeName } from './ranked-class.js';

/** COCO's twelve figures, 0–1; -1 where there is no object to be found. */
export interface Stats {
  readonly AP: number; // mean over IoU 0.5 to 0.95
  readonly AP50: number; // at IoU 0.5
  readonly AP75: number;
  readonly APsmall: number; // of objects up to 32 x 32 pixels
  readonly APmedium: number;
  readonly APlarge: number; // from 96 x 96 pixels
  readonly AR1: number; // share of objects found, with one detection of each image and class
  readonly AR10: number;
  readonly AR100: number;
  readonly ARsmall: number; // with 100
  readonly ARmedium: number;
  readonly ARlarge: number;
}

/** Figures of a class; null where it has no object. */
export interface ClassStats {
  readonly classId: number;
  readonly objects: number; // that count: crowds do not
  readonly ap: number | null;
  readonly ap50: number | null;
  readonly ap75: number | null;
  readonly ar100: number | null;
}

/** Places of 0.5 and 0.75 among COCO's IoUs. */
const AT_50 = 0;
const AT_75 = 5;

const ABSENT = -1; // as pycocotools

/** @param evaluation - With COCO's IoUs. */
export function statsOf(evaluation: Evaluation): Stats {
  const all = evaluation.average();
  const [small, medium, large] = (['small', 'medium', 'large'] as const satisfies SizeName[]).map((size) =>
    evaluation.average({ size }),
  ) as [typeof all, typeof all, typeof all];
  const recallWith = (maxDetections: number) => meanRecall(evaluation.average({ maxDetections })) ?? ABSENT;
  return {
    AP: meanPrecision(all) ?? ABSENT,
    AP50: meanPrecision(all, AT_50) ?? ABSENT,
    AP75: meanPrecision(all, AT_75) ?? ABSENT,
    APsmall: meanPrecision(small) ?? ABSENT,
    APmedium: meanPrecision(medium) ?? ABSENT,
    APlarge: meanPrecision(large) ?? ABSENT,
    AR1: recallWith(1),
    AR10: recallWith(10),
    AR100: meanRecall(all) ?? ABSENT,
    ARsmall: meanRecall(small) ?? ABSENT,
    ARmedium: meanRecall(medium) ?? ABSENT,
    ARlarge: meanRecall(large) ?? ABSENT,
  };
}

/** Of each class that is asked for, in that order. */
export function classStatsOf(evaluation: Evaluation, classIds: readonly number[]): ClassStats[] {
  const all = evaluation.average();
  return classIds.map((classId) => {
    const average = all.get(classId);
    if (average === undefined) return { classId, objects: 0, ap: null, ap50: null, ap75: null, ar100: null };
    const own = new Map([[classId, average]]);
    return {
      classId,
      objects: average.objects,
      ap: meanPrecision(own)!,
      ap50: meanPrecision(own, AT_50)!,
      ap75: meanPrecision(own, AT_75)!,
      ar100: meanRecall(own)!,
    };
  });
}

/** AP at each of COCO's IoUs. */
export function precisionsByIou(evaluation: Evaluation): number[] {
  const all = evaluation.average();
  return evaluation.ious.map((_, iou) => meanPrecision(all, iou) ?? ABSENT);
}
