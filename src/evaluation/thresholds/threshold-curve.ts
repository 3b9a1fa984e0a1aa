import type { EvaluatedImage } from '../evaluated-image.js';
import { Evaluation } from '../evaluation.js';
import { RIGHT, WRONG } from '../match-boxes.js';
import { secondsOf, type SecondsPerBox } from '../../core/review/seconds.js';
import { STAYS_FROM } from '../drafts/work-left.js';

/** What a threshold leaves: any from `below` on and lower than `score` shows the same boxes. */
export interface ThresholdPoint {
  readonly below: number;
  readonly score: number; // of the weakest box that is shown; 1 where none is
  readonly right: number;
  readonly exact: number; // of them, those that need no correction
  readonly wrong: number;
  readonly objects: number;
}

/** The detections of one class or several, best first, with what they are worth. */
export interface ThresholdCurve {
  readonly scores: Float64Array;
  readonly images: Int32Array; // of each detection, its index
  readonly isRight: Uint8Array;
  readonly isExact: Uint8Array;
  readonly isWrong: Uint8Array; // neither for those in crowds
  readonly objects: Int32Array; // by image
}

/**
 * @param sets - The images with the detections and objects of one class each.
 * @param iou - From which a box counts as right.
 */
export function traceThresholds(sets: readonly (readonly EvaluatedImage[])[], iou: number): ThresholdCurve {
  const found: { score: number; image: number; isRight: boolean; isExact: boolean; isWrong: boolean }[] = [];
  const objects = new Int32Array(sets[0]?.length ?? 0);
  for (const images of sets) {
    const [ranked] = new Evaluation(images, { ious: [iou, STAYS_FROM], maxDetections: Infinity }).classes;
    if (ranked === undefined) continue;
    const { length, scores, sizes } = ranked;
    for (let i = 0; i < length; i++) {
      const [verdict, exact] = [sizes.all.verdicts[i], sizes.all.verdicts[length + i]];
      const isRight = verdict === RIGHT;
      const entry = { score: scores[i]!, image: ranked.images[i]!, isRight };
      found.push({ ...entry, isExact: isRight && exact === RIGHT, isWrong: verdict === WRONG });
    }
    const { images: places, counts } = sizes.all.objects;
    for (let i = 0; i < places.length; i++) objects[places[i]!]! += counts[i]!;
  }
  found.sort((a, b) => b.score - a.score);
  const flags = (of: (entry: (typeof found)[number]) => boolean) =>
    Uint8Array.from(found, (entry) => Number(of(entry)));
  return {
    scores: Float64Array.from(found, ({ score }) => score),
    images: Int32Array.from(found, ({ image }) => image),
    isRight: flags(({ isRight }) => isRight),
    isExact: flags(({ isExact }) => isExact),
    isWrong: flags(({ isWrong }) => isWrong),
    objects,
  };
}

/**
 * From the point where nothing is shown to the one where everything is.
 *
 * @param floor - The lowest threshold; the model's answers were kept down to it.
 * @param weights - How often each image counts; default: once.
 */
export function listPoints(curve: ThresholdCurve, floor: number, weights?: ArrayLike<number>): ThresholdPoint[] {
  const { scores, images, isRight, isExact, isWrong, objects: counts } = curve;
  const objects = counts.reduce((sum, count, image) => sum + count * (weights?.[image] ?? 1), 0);
  const first = Math.min(1, scores[0] ?? floor);
  const points: ThresholdPoint[] = [{ below: first, score: 1, right: 0, exact: 0, wrong: 0, objects }];
  let [right, exact, wrong] = [0, 0, 0];
  for (let i = 0; i < scores.length; i++) {
    const weight = weights?.[images[i]!] ?? 1;
    right += weight * isRight[i]!;
    exact += weight * isExact[i]!;
    wrong += weight * isWrong[i]!;
    const [score, below] = [scores[i]!, scores[i + 1] ?? floor];
    if (score > below) points.push({ below, score, right, exact, wrong, objects });
  }
  return points;
}

/** What a threshold leaves. @param points - As {@link listPoints} gives them. */
export function pointAt(points: readonly ThresholdPoint[], threshold: number): ThresholdPoint {
  return points.find(({ below }) => threshold >= below) ?? points.at(-1)!;
}

/** 1 where nothing is shown. */
export function precisionOf({ right, wrong }: ThresholdPoint): number {
  return right + wrong === 0 ? 1 : right / (right + wrong);
}

export function recallOf({ right, objects }: ThresholdPoint): number {
  return objects === 0 ? 0 : right / objects;
}

export function f1At({ right, wrong, objects }: ThresholdPoint): number {
  return right === 0 ? 0 : (2 * right) / (right + wrong + objects);
}

export function workAt({ right, exact, wrong, objects }: ThresholdPoint, seconds: SecondsPerBox): number {
  const work = { stay: exact, adjust: right - exact, delete: wrong, draw: objects - right };
  return secondsOf(work, seconds).left;
}
