import { area, type Xyxy } from '../../../src/core/box.js';
import { matchDetections, type Target } from './match.js';

/** IoU 0.5, 0.55 … 0.95, bit by bit as numpy's `linspace` has them: an overlap of exactly 0.85 must count. */
export const COCO_IOUS: readonly number[] = Array.from({ length: 10 }, (_, i) => 0.5 + i * ((0.95 - 0.5) / 9));

const RECALLS = Array.from({ length: 101 }, (_, i) => i * 0.01); // as above

/** COCO's sizes of objects, in square pixels, borders included. */
export const SIZES = {
  all: [0, 1e10],
  small: [0, 32 ** 2],
  medium: [32 ** 2, 96 ** 2],
  large: [96 ** 2, 1e10],
} as const satisfies Record<string, readonly [number, number]>;

/** What is in an image, and what was found there. Classes are any numbers that both sides share. */
export interface EvaluatedImage {
  readonly objects: readonly EvaluatedObject[];
  readonly detections: readonly FoundObject[];
}

interface EvaluatedObject extends Target {
  readonly classId: number;
  readonly area?: number; // square pixels; default: of the box
}

interface FoundObject {
  readonly classId: number;
  readonly score: number;
  readonly box: Xyxy;
}

export interface AveragePrecision {
  readonly map: number; // mean over classes and over all IoUs asked for, 0–1; 0 where nothing was to be found
  readonly map50: number; // at IoU 0.5
  readonly perClass: ReadonlyMap<number, number>; // over all IoUs; classes with an object that is no crowd, ascending
}

export interface EvaluationOptions {
  readonly ious?: readonly number[];
  readonly maxDetections?: number; // an image and class
  readonly size?: keyof typeof SIZES; // objects and boxes of other sizes are neither right nor wrong
}

/** One class in one image. */
interface Scene {
  readonly image: number; // its index
  readonly objects: EvaluatedObject[];
  readonly detections: FoundObject[];
}

/** The detections of one class in all images, best first, and how each compares with the objects. */
interface RankedClass {
  readonly classId: number;
  readonly images: readonly number[]; // of each detection, its image
  readonly isRight: readonly (readonly boolean[])[]; // by IoU, then by detection
  readonly isIgnored: readonly (readonly boolean[])[];
  readonly objects: ReadonlyMap<number, number>; // how many each image has that count
}

/**
 * COCO's measure: 101-point interpolated average precision. Classes without an object do not count.
 *
 * @see pycocotools `COCOeval` (bbox), `stats[0]` to `stats[5]`
 */
export class Evaluation {
  readonly #ious: readonly number[];
  readonly #classes: readonly RankedClass[];

  /** @param images - In the order of their ids: it decides between equal scores, as in the original. */
  constructor(images: readonly EvaluatedImage[], options: EvaluationOptions = {}) {
    const { ious = COCO_IOUS, maxDetections = 100, size = 'all' } = options;
    this.#ious = ious;
    this.#classes = [...scenesByClass(images)]
      .sort(([a], [b]) => a - b)
      .map(([classId, scenes]) => rankClass(classId, scenes, { ious, maxDetections, size }));
  }

  /** @param weights - How often each image counts, for a resampled set; default: once. */
  average(weights?: ArrayLike<number>): AveragePrecision {
    const perClass = new Map<number, number>();
    const at50: number[] = [];
    for (const ranked of this.#classes) {
      const count = sum([...ranked.objects].map(([image, objects]) => objects * (weights?.[image] ?? 1)));
      if (count === 0) continue;
      const values = this.#ious.map((_, i) => interpolated(ranked, i, { count, weights }));
      perClass.set(ranked.classId, mean(values));
      at50.push(values[0]!);
    }
    return { map: mean([...perClass.values()]), map50: mean(at50), perClass };
  }
}

/** As {@link Evaluation}, once. Its `map50` is that of the first IoU. */
export function averagePrecision(images: readonly EvaluatedImage[], options: EvaluationOptions = {}): AveragePrecision {
  return new Evaluation(images, options).average();
}

function scenesByClass(images: readonly EvaluatedImage[]): Map<number, Scene[]> {
  const classes = new Map<number, Scene[]>();
  for (const [image, { objects, detections }] of images.entries()) {
    const sceneOf = (classId: number) => {
      const scenes = classes.get(classId) ?? [];
      if (scenes.length === 0) classes.set(classId, scenes);
      if (scenes.at(-1)?.image !== image) scenes.push({ image, objects: [], detections: [] });
      return scenes.at(-1)!;
    };
    for (const object of objects) sceneOf(object.classId).objects.push(object);
    for (const detection of detections) sceneOf(detection.classId).detections.push(detection);
  }
  return classes;
}

function rankClass(
  classId: number,
  scenes: readonly Scene[],
  { ious, maxDetections, size }: Required<EvaluationOptions>,
): RankedClass {
  const [least, most] = SIZES[size];
  const isOther = (squarePx: number) => squarePx < least || squarePx > most;
  const ranked: { image: number; score: number; verdicts: ('right' | 'wrong' | 'ignored')[] }[] = [];
  const objects = new Map<number, number>();
  for (const { image, objects: all, detections } of scenes) {
    const targets = all.map((object) => {
      return { ...object, ignored: object.ignored === true || isOther(object.area ?? area(object.box)) };
    });
    const counting = targets.filter(({ crowd, ignored }) => crowd !== true && !ignored).length;
    if (counting > 0) objects.set(image, counting);
    const best = detections.sort((a, b) => b.score - a.score).slice(0, maxDetections);
    const matches = ious.map((minIou) => matchDetections(best, targets, minIou));
    for (const [i, { score, box }] of best.entries()) {
      const verdicts = matches.map((match) => {
        const { verdict } = match[i]!;
        return verdict === 'wrong' && isOther(area(box)) ? 'ignored' : verdict;
      });
      ranked.push({ image, score, verdicts });
    }
  }
  ranked.sort((a, b) => b.score - a.score);
  return {
    classId,
    images: ranked.map(({ image }) => image),
    isRight: ious.map((_, i) => ranked.map(({ verdicts }) => verdicts[i] === 'right')),
    isIgnored: ious.map((_, i) => ranked.map(({ verdicts }) => verdicts[i] === 'ignored')),
    objects,
  };
}

/** Mean of the best precision at or beyond each of 101 recalls. */
function interpolated(
  ranked: RankedClass,
  iou: number, // its index
  { count, weights }: { count: number; weights: ArrayLike<number> | undefined },
): number {
  const { images } = ranked;
  const [isRight, isIgnored] = [ranked.isRight[iou]!, ranked.isIgnored[iou]!];
  const curve: { recall: number; precision: number }[] = [];
  let right = 0;
  let seen = 0;
  for (let i = 0; i < images.length; i++) {
    const weight = weights === undefined ? 1 : weights[images[i]!]!;
    if (weight === 0 || isIgnored[i]!) continue;
    seen += weight;
    if (!isRight[i]!) continue; // a lower precision at the same recall is never the best
    right += weight;
    curve.push({ recall: right / count, precision: right / seen });
  }
  let best = 0;
  for (const point of curve.reverse()) best = point.precision = Math.max(best, point.precision);
  curve.reverse();
  let at = 0;
  const precisions = RECALLS.map((recall) => {
    while (at < curve.length && curve[at]!.recall < recall) at++;
    return curve[at]?.precision ?? 0;
  });
  return mean(precisions);
}

function mean(values: readonly number[]): number {
  return sum(values) / Math.max(1, values.length);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
