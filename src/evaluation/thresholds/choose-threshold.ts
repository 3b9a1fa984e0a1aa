import { thresholdBetween } from '../curve.js';
import { f1At, precisionOf, recallOf, workAt, type ThresholdPoint } from './threshold-curve.js';
import type { SecondsPerBox } from '../../core/review/seconds.js';

/** What a threshold is chosen for. */
export type Goal =
  | { readonly kind: 'f1' }
  | { readonly kind: 'precision' | 'recall'; readonly least: number }
  | { readonly kind: 'least-work'; readonly seconds: SecondsPerBox };

const EQUAL = 1e-12;

/**
 * The threshold that serves the goal best: the highest F1; the most recall with that precision; the most precision with
 * that recall; the fewest seconds of work. Where several do, the one that is nearest to the present one.
 *
 * @returns undefined where no threshold reaches the goal.
 */
export function chooseThreshold(points: readonly ThresholdPoint[], goal: Goal, present: number): number | undefined {
  const reaching = points.filter((point) => reaches(point, goal));
  if (reaching.length === 0) return undefined;
  const values = reaching.map((point) => merit(point, goal));
  const best = Math.max(...values);
  const equal = reaching.filter((_, i) => values[i]! >= best - EQUAL);
  const distance = ({ below, score }: ThresholdPoint) =>
    present >= below && present < score ? 0 : Math.min(Math.abs(below - present), Math.abs(score - present));
  const nearest = equal.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  return distance(nearest) === 0 && present >= nearest.below && present < nearest.score
    ? present
    : thresholdBetween(nearest.below, nearest.score);
}

function reaches(point: ThresholdPoint, goal: Goal): boolean {
  if (goal.kind === 'precision') return point.right > 0 && precisionOf(point) >= goal.least - EQUAL;
  if (goal.kind === 'recall') return recallOf(point) >= goal.least - EQUAL;
  return goal.kind === 'least-work' || point.right > 0;
}

/** What is to be large among the points that reach the goal. */
function merit(point: ThresholdPoint, goal: Goal): number {
  switch (goal.kind) {
    case 'f1':
      return f1At(point);
    case 'precision':
      return recallOf(point);
    case 'recall':
      return precisionOf(point);
    case 'least-work':
      return -workAt(point, goal.seconds);
  }
}

/** The figure that the goal is about: more is better. */
export function measureOf(point: ThresholdPoint, goal: Goal): number {
  switch (goal.kind) {
    case 'f1':
      return f1At(point);
    case 'precision':
      return precisionOf(point);
    case 'recall':
      return recallOf(point);
    case 'least-work':
      return -workAt(point, goal.seconds);
  }
}
