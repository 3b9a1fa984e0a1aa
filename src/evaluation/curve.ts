import type { ObjectCounts, RankedClass } from './ranked-class.js';
import { IGNORED, RIGHT } from './match-boxes.js';

/** What a threshold below a score would show: the detections with this score and those that score higher. */
export interface CurvePoint {
  readonly score: number;
  readonly below: number; // the next lower score; 0 where there is none
  readonly shown: number; // detections that are right or wrong
  readonly right: number;
  readonly precision: number;
  readonly recall: number;
}

/** Precision and recall of a class at one IoU. */
export interface PrecisionRecall {
  readonly objects: number; // that count
  readonly points: readonly CurvePoint[]; // of every score, from the highest
}

/** @param ranked - With the IoU that is asked for alone. */
export function precisionRecallOf({ length, scores, sizes }: RankedClass): PrecisionRecall {
  const count = totalOf(sizes.all.objects);
  const points: CurvePoint[] = [];
  let [shown, right] = [0, 0];
  for (let i = 0; i < length; i++) {
    const verdict = sizes.all.verdicts[i];
    if (verdict !== IGNORED) shown++;
    if (verdict === RIGHT) right++;
    const [score, below] = [scores[i]!, i + 1 < length ? scores[i + 1]! : 0];
    if (below === score && i + 1 < length) continue;
    const precision = shown === 0 ? 1 : right / shown;
    points.push({ score, below, shown, right, precision, recall: count === 0 ? 0 : right / count });
  }
  return { objects: count, points };
}

function totalOf({ counts }: ObjectCounts): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Harmonic mean of precision and recall. */
export function f1Of({ precision, recall }: { readonly precision: number; readonly recall: number }): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}

/** A threshold, and what it leaves. */
export interface OperatingPoint {
  readonly threshold: number; // scores above it are shown
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
}

/** The threshold with the best F1, of equals the highest; undefined where nothing is found. */
export function bestF1({ points }: PrecisionRecall): OperatingPoint | undefined {
  let best: CurvePoint | undefined;
  for (const point of points) if (f1Of(point) > (best === undefined ? 0 : f1Of(best))) best = point;
  if (best === undefined) return undefined;
  const { precision, recall } = best;
  return { threshold: thresholdBetween(best.below, best.score), f1: f1Of(best), precision, recall };
}

const MAX_DECIMALS = 8;

/** The shortest number that shows what scores `above` and not what scores `below`. */
export function thresholdBetween(below: number, above: number): number {
  const middle = (below + above) / 2;
  for (let decimals = 2; decimals <= MAX_DECIMALS; decimals++) {
    const rounded = Number(middle.toFixed(decimals));
    if (rounded >= below && rounded < above) return rounded;
  }
  return below;
}

/** At most so many of the points, evenly spread, with the first and the last. */
export function thinned<Point>(points: readonly Point[], most: number): Point[] {
  if (points.length <= most) return [...points];
  return Array.from({ length: most }, (_, i) => points[Math.round((i * (points.length - 1)) / (most - 1))]!);
}
