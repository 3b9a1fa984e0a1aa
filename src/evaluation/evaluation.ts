import type { EvaluatedImage } from './evaluated-image.js';
import { IGNORED, RIGHT } from './match-boxes.js';
import { divideByClass, rankClass, type ObjectCounts, type RankedClass, type SizeName } from './ranked-class.js';

/** IoU 0.5, 0.55 … 0.95, bit by bit as numpy's `linspace` has them: an overlap of exactly 0.85 must count. */
export const COCO_IOUS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + i * ((0.95 - 0.5) / 9));

const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01); // as above

/** Detections of an image and class that COCO looks at. */
const COCO_DETECTIONS = 100;

/** What is averaged. */
export interface AverageOptions {
  readonly size?: SizeName; // of objects; default: all
  readonly maxDetections?: number; // of an image and class; default: all that were kept
  readonly weights?: ArrayLike<number>; // how often each image counts, for a resampled set; default: once
}

/** One class, by IoU. */
export interface ClassAverage {
  readonly objects: number; // that count
  readonly precisions: Float64Array; // 101-point interpolated average precision
  readonly recalls: Float64Array; // share of objects found
}

/**
 * COCO's measure: 101-point interpolated average precision, and recall. Classes without an object do not count.
 *
 * @see pycocotools `COCOeval` (bbox)
 */
export class Evaluation {
  readonly ious: readonly number[];
  readonly classes: readonly RankedClass[]; // by number

  /**
   * @param images - In the order of their ids: it decides between equal scores, as in the original.
   * @param options - `maxDetections`: of an image and class; the best are kept.
   */
  constructor(
    images: readonly EvaluatedImage[],
    { ious = COCO_IOUS, maxDetections = COCO_DETECTIONS }: { ious?: readonly number[]; maxDetections?: number } = {},
  ) {
    this.ious = ious;
    this.classes = divideByClass(images).map(([classId, scenes]) =>
      rankClass(classId, scenes, { ious, maxDetections }),
    );
  }

  /** Classes with an object that counts, by number. */
  average({ size = 'all', maxDetections = Infinity, weights }: AverageOptions = {}): Map<number, ClassAverage> {
    const averages = new Map<number, ClassAverage>();
    for (const ranked of this.classes) {
      const objects = countObjects(ranked.sizes[size].objects, weights);
      if (objects === 0) continue;
      const curves = this.ious.map((_, iou) => {
        return traceCurve(ranked, iou, { size, maxDetections, weights, objects });
      });
      averages.set(ranked.classId, {
        objects,
        precisions: Float64Array.from(curves, interpolate),
        recalls: Float64Array.from(curves, ({ recalls, length }) => (length === 0 ? 0 : recalls[length - 1]!)),
      });
    }
    return averages;
  }
}

/** Mean over classes and IoUs; undefined where no class counts. */
export function meanPrecision(averages: ReadonlyMap<number, ClassAverage>, iou?: number): number | undefined {
  return meanOver(averages, ({ precisions }) => (iou === undefined ? mean(precisions) : precisions[iou]!));
}

/** As {@link meanPrecision}, of recall. */
export function meanRecall(averages: ReadonlyMap<number, ClassAverage>): number | undefined {
  return meanOver(averages, ({ recalls }) => mean(recalls));
}

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function meanOver(
  averages: ReadonlyMap<number, ClassAverage>,
  valueOf: (average: ClassAverage) => number,
): number | undefined {
  return averages.size === 0 ? undefined : mean([...averages.values()].map(valueOf));
}

function countObjects({ images, counts }: ObjectCounts, weights: ArrayLike<number> | undefined): number {
  let objects = 0;
  for (let i = 0; i < images.length; i++) objects += counts[i]! * (weights === undefined ? 1 : weights[images[i]!]!);
  return objects;
}

/** Precision and recall after each right detection: a lower precision at the same recall is never the best. */
interface Curve {
  readonly precisions: Float64Array;
  readonly recalls: Float64Array;
  readonly length: number; // that is used
}

function traceCurve(
  { length, images, ranks, sizes }: RankedClass,
  iou: number, // its index
  {
    size,
    maxDetections,
    weights,
    objects,
  }: Required<Omit<AverageOptions, 'weights'>> & {
    weights: ArrayLike<number> | undefined;
    objects: number;
  },
): Curve {
  const [precisions, recalls] = [new Float64Array(length), new Float64Array(length)];
  const judged = sizes[size].verdicts.subarray(iou * length, (iou + 1) * length);
  let [seen, right, points] = [0, 0, 0];
  for (let i = 0; i < length; i++) {
    if (judged[i] === IGNORED || ranks[i]! >= maxDetections) continue;
    const weight = weights === undefined ? 1 : weights[images[i]!]!;
    if (weight === 0) continue;
    seen += weight;
    if (judged[i] !== RIGHT) continue;
    right += weight;
    precisions[points] = right / seen;
    recalls[points++] = right / objects;
  }
  return { precisions, recalls, length: points };
}

/** Mean of the best precision at or beyond each of 101 recalls. */
function interpolate({ precisions, recalls, length }: Curve): number {
  let best = 0;
  for (let i = length - 1; i >= 0; i--) best = precisions[i] = Math.max(best, precisions[i]!);
  let at = 0;
  let sum = 0;
  for (const recall of RECALLS) {
    while (at < length && recalls[at]! < recall) at++;
    if (at === length) break; // this recall and those beyond are not reached
    sum += precisions[at]!;
  }
  return sum / RECALLS.length;
}
