import { listCandidates, type StoredImage } from './candidates.js';
import { chooseThreshold, measureOf, type Goal } from './choose-threshold.js';
import { drawSets, estimate, type Estimate } from '../resample.js';
import {
  f1At,
  listPoints,
  pointAt,
  precisionOf,
  recallOf,
  traceThresholds,
  type ThresholdCurve,
  type ThresholdPoint,
} from './threshold-curve.js';

/** What is tuned, and how. Classes are those of the ontology, by index. */
export interface TuneOptions {
  readonly goal: Goal;
  readonly groups: readonly (readonly number[])[]; // classes that get one threshold together
  readonly thresholds: readonly number[]; // present ones, of all classes
  readonly nmsIou: readonly number[] | null;
  readonly floor: number; // no threshold is lower: weaker detections were not kept
  readonly iou: number;
  readonly minObjects: number; // of a group; with fewer it keeps its threshold
  readonly seed: number;
}

/** Figures of a group at one threshold. */
export interface TunedFigures {
  readonly f1: number;
  readonly precision: number;
  readonly recall: number;
}

/** What became of a group. */
export interface TunedGroup {
  readonly classIds: readonly number[];
  readonly objects: number;
  readonly images: number; // with such objects
  readonly outcome: 'tuned' | 'kept' | 'too few objects' | 'not reached';
  readonly before: number;
  readonly after: number;
  readonly figures: { readonly before: TunedFigures; readonly after: TunedFigures };
  readonly threshold: Estimate | null; // with the 95 % interval of thresholds that resampled images give
  readonly gain: Estimate | null; // of the figure that the goal is about
}

const RESAMPLES = 500;
/** The threshold of a class decides which boxes others may have; few rounds settle it. */
const ROUNDS = 3;

/** Chooses thresholds on labelled images. Those of other classes are as chosen so far. */
export function tune(images: readonly StoredImage[], options: TuneOptions): TunedGroup[] {
  const { groups, goal, floor, minObjects } = options;
  const thresholds = [...options.thresholds];
  const curveOf = (group: readonly number[]) =>
    traceThresholds(
      group.map((classId) => listCandidates(images, classId, { ...options, thresholds })),
      options.iou,
    );
  for (let round = 0; round < ROUNDS; round++) {
    const before = thresholds.join();
    for (const group of groups) {
      const curve = curveOf(group);
      if (total(curve) < minObjects) continue;
      const present = options.thresholds[group[0]!]!;
      const chosen = chooseThreshold(listPoints(curve, floor), goal, present) ?? present;
      for (const classId of group) thresholds[classId] = chosen;
    }
    if (thresholds.join() === before) break;
  }
  const sets = drawSets(images.length, { count: RESAMPLES, seed: options.seed });
  return groups.map((group) => describeGroup(group, curveOf(group), { ...options, chosen: thresholds, sets }));
}

function describeGroup(
  classIds: readonly number[],
  curve: ThresholdCurve,
  options: TuneOptions & { chosen: readonly number[]; sets: readonly Uint16Array[] },
): TunedGroup {
  const { goal, floor, minObjects, thresholds, chosen } = options;
  const points = listPoints(curve, floor);
  const objects = total(curve);
  const [before, after] = [thresholds[classIds[0]!]!, chosen[classIds[0]!]!];
  const isKnown = objects >= minObjects;
  const isReached = chooseThreshold(points, goal, before) !== undefined;
  const sets = isKnown && isReached ? options.sets : [];
  return {
    classIds,
    objects,
    images: curve.objects.filter((count) => count > 0).length,
    outcome: !isKnown ? 'too few objects' : !isReached ? 'not reached' : after === before ? 'kept' : 'tuned',
    before,
    after,
    figures: { before: figuresAt(points, before), after: figuresAt(points, after) },
    ...estimateGain(curve, sets, { goal, floor, before, after }),
  };
}

/** How sure the chosen threshold is, by what resampled images give. */
function estimateGain(
  curve: ThresholdCurve,
  sets: readonly Uint16Array[],
  { goal, floor, before, after }: { goal: Goal; floor: number; before: number; after: number },
): Pick<TunedGroup, 'threshold' | 'gain'> {
  if (sets.length === 0) return { threshold: null, gain: null };
  const gainIn = (points: readonly ThresholdPoint[]) =>
    measureOf(pointAt(points, after), goal) - measureOf(pointAt(points, before), goal);
  const thresholds: number[] = [];
  const gains: number[] = [];
  for (const weights of sets) {
    const points = listPoints(curve, floor, weights);
    thresholds.push(chooseThreshold(points, goal, before) ?? before);
    gains.push(gainIn(points));
  }
  return { threshold: spread(after, thresholds), gain: estimate(gainIn(listPoints(curve, floor)), gains) };
}

/** The middle 95 % of the thresholds that resampled images give. */
function spread(value: number, thresholds: readonly number[]): Estimate {
  const sorted = [...thresholds].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { value, low: Math.min(value, at(0.025)), high: Math.max(value, at(0.975)) };
}

function figuresAt(points: readonly ThresholdPoint[], threshold: number): TunedFigures {
  const point = pointAt(points, threshold);
  return { f1: f1At(point), precision: precisionOf(point), recall: recallOf(point) };
}

function total({ objects }: ThresholdCurve): number {
  return objects.reduce((sum, count) => sum + count, 0);
}
