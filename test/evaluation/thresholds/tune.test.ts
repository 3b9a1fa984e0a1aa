import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Xyxy } from '../../../src/core/box.js';
import { xyxyToXywh } from '../../../src/core/box.js';
import { select } from '../../../src/core/select.js';
import { listCandidates, type StoredImage } from '../../../src/evaluation/thresholds/candidates.js';
import { chooseThreshold } from '../../../src/evaluation/thresholds/choose-threshold.js';
import { thresholdBetween } from '../../../src/evaluation/curve.js';
import { listPoints, traceThresholds } from '../../../src/evaluation/thresholds/threshold-curve.js';
import { tune, type TuneOptions } from '../../../src/evaluation/thresholds/tune.js';

const at = (x: number): Xyxy => [x, 0, x + 10, 10];

/** An image for each pair: one object of class 0 where `isRight`, and one detection with that score. */
function images(pairs: readonly (readonly [score: number, isRight: boolean])[]): StoredImage[] {
  return pairs.map(([score, isRight]) => ({
    objects: isRight ? [{ classId: 0, box: xyxyToXywh(at(0)) }] : [],
    stored: [{ classId: 0, queryId: 0, patchId: 0, score, box: at(0) }],
  }));
}

const OPTIONS: TuneOptions = {
  goal: { kind: 'f1' },
  groups: [[0]],
  thresholds: [0.5],
  nmsIou: [0.5],
  floor: 0.05,
  iou: 0.5,
  minObjects: 3,
  seed: 1,
};

const MIXED = images([
  [0.9, true],
  [0.8, true],
  [0.7, false],
  [0.6, true],
  [0.4, true],
  [0.3, false],
  [0.2, false],
  [0.1, true],
]);

const pointsOf = (some: StoredImage[]) => listPoints(traceThresholds([listCandidates(some, 0, OPTIONS)], 0.5), 0.05);

it('candidates are what a selection shows, whatever the thresholds', () => {
  const detection = fc.record({
    classId: fc.integer({ min: 0, max: 2 }),
    queryId: fc.constant(0),
    patchId: fc.integer({ min: 0, max: 3 }),
    score: fc.integer({ min: 1, max: 20 }).map((value) => value / 20),
    box: fc.integer({ min: 0, max: 4 }).map((x) => at(3 * x)),
  });
  const threshold = fc.integer({ min: 0, max: 20 }).map((value) => value / 20);
  const unique = { selector: (one: { classId: number; patchId: number }) => `${one.classId} ${one.patchId}` };
  fc.assert(
    fc.property(
      fc.uniqueArray(detection, unique),
      fc.array(threshold, { minLength: 3, maxLength: 3 }),
      (stored, thresholds) => {
        const selection = { thresholds, nmsIou: [0.3, 0.5, 0.7], classAgnosticNms: false, maxDetections: 300 };
        const shown = select(stored, selection);
        for (const classId of [0, 1, 2]) {
          const [image] = listCandidates([{ objects: [], stored }], classId, selection);
          const passing = image!.detections.filter(({ score }) => score > thresholds[classId]!);
          const expected = shown.filter((one) => one.classId === classId);
          expect(passing.map(({ score, box }) => [score, box[0]])).toEqual(
            expected.map(({ score, box }) => [score, box[0]]),
          );
        }
      },
    ),
  );
});

describe('the threshold of a class', () => {
  const of = (goal: TuneOptions['goal'], present = 0.99) => chooseThreshold(pointsOf(MIXED), goal, present);

  it('for F1 is that with the best F1', () => {
    expect(of({ kind: 'f1' })).toBe(0.35); // 4 right, 1 wrong of 5 objects
  });

  it('for a precision has the most recall with it, and for a recall the most precision', () => {
    expect(of({ kind: 'precision', least: 0.8 })).toBe(0.35);
    expect(of({ kind: 'precision', least: 0.9 })).toBe(0.75);
    expect(of({ kind: 'recall', least: 0.4 })).toBe(0.75);
    expect(of({ kind: 'recall', least: 0.6 })).toBe(0.35); // more precision and more recall than at 0.5
    expect(of({ kind: 'recall', least: 1 })).toBe(0.08);
    expect(chooseThreshold(pointsOf(images([[0.9, false]])), { kind: 'precision', least: 0.5 }, 0.4)).toBeUndefined();
  });

  it('for the least work follows the seconds of each action', () => {
    const seconds = { draw: 25, adjust: 10, delete: 2, check: 1 };
    expect(of({ kind: 'least-work', seconds })).toBe(0.08); // a box to be deleted costs little
    expect(of({ kind: 'least-work', seconds: { ...seconds, delete: 60 } })).toBe(0.75);
  });

  it('stays where it is, if nothing is better', () => {
    expect(of({ kind: 'f1' }, 0.31)).toBe(0.31);
    expect(of({ kind: 'f1' }, 0.3)).toBe(0.3); // what scores 0.3 is not shown
    expect(of({ kind: 'f1' }, 0.4)).toBe(0.35);
  });

  it('is the shortest number between two scores', () => {
    expect(thresholdBetween(0.1, 0.9)).toBe(0.5);
    expect(thresholdBetween(0.40001, 0.40003)).toBe(0.40002);
    expect(thresholdBetween(0.4, 0.40001)).toBe(0.4);
  });
});

describe('tuning', () => {
  it('reports the objects, the figures before and after, and intervals that the seed decides', () => {
    const [group] = tune(MIXED, OPTIONS);
    expect(group).toMatchObject({ outcome: 'tuned', objects: 5, images: 5, before: 0.5, after: 0.35 });
    expect(group!.figures.before.f1).toBeCloseTo(6 / 9);
    expect(group!.figures.after).toEqual({ f1: 8 / 10, precision: 4 / 5, recall: 4 / 5 });
    expect(group!.gain!.low).toBeLessThan(group!.gain!.value);
    expect(group!.threshold!.low).toBeLessThanOrEqual(0.35);
    expect(group!.threshold!.high).toBeGreaterThan(0.35);
    expect(tune(MIXED, OPTIONS)).toEqual([group]);
    expect(tune(MIXED, { ...OPTIONS, seed: 2 })[0]!.gain).not.toEqual(group!.gain);
  });

  it('keeps the threshold of a class with too few objects, and says so', () => {
    const [group] = tune(MIXED, { ...OPTIONS, minObjects: 6 });
    expect(group).toMatchObject({ outcome: 'too few objects', after: 0.5, threshold: null, gain: null });
  });

  it('keeps the threshold where the goal cannot be reached', () => {
    const hopeless = images([
      [0.9, false],
      [0.8, true],
      [0.1, true],
      [0.09, true],
    ]);
    const [group] = tune(hopeless, { ...OPTIONS, goal: { kind: 'precision', least: 0.95 } });
    expect(group).toMatchObject({ outcome: 'not reached', after: 0.5 });
  });

  it('gives a box to the class that is left, when the threshold of another one rises', () => {
    // Class 1 takes every box of class 0, wrongly, until its threshold is high enough.
    const both = Array.from({ length: 4 }, (_, i): StoredImage => ({
      objects: [
        { classId: 0, box: xyxyToXywh(at(0)) },
        { classId: 1, box: xyxyToXywh(at(50)) },
      ],
      stored: [
        { classId: 1, queryId: 1, patchId: 0, score: 0.6 + i / 100, box: at(0) },
        { classId: 0, queryId: 0, patchId: 0, score: 0.55, box: at(0) },
        { classId: 1, queryId: 1, patchId: 1, score: 0.9, box: at(50) },
      ],
    }));
    const groups = tune(both, { ...OPTIONS, groups: [[0], [1]], thresholds: [0.5, 0.5], nmsIou: [0.5, 0.5] });
    expect(groups.map(({ figures }) => figures.after.f1)).toEqual([1, 1]);
  });

  it('several classes may get one threshold together', () => {
    const two = MIXED.map(({ objects, stored }, i) => ({
      objects: objects.map((one) => ({ ...one, classId: i % 2 })),
      stored: stored.map((one) => ({ ...one, classId: i % 2 })),
    }));
    const options = { ...OPTIONS, thresholds: [0.5, 0.5], nmsIou: [0.5, 0.5] };
    expect(tune(two, { ...options, groups: [[0, 1]] })[0]).toMatchObject({ objects: 5, after: 0.35 });
  });
});
