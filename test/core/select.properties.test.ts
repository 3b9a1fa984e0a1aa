import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { iou, type Xyxy } from '../../src/core/box.js';
import type { Detection } from '../../src/core/detection.js';
import { select, type Selection } from '../../src/core/select.js';
import { mergeCrops } from '../../src/core/tiling/merge.js';
import { planCrops } from '../../src/core/tiling/tiles.js';
import { shuffled } from '../support/random.js';

const CLASSES = 4;

/** Scores and thresholds of few values, so that equal ones are common. */
const level = fc.integer({ min: 0, max: 8 }).map((value) => value / 8);
const thresholds = fc.array(level, { minLength: CLASSES, maxLength: CLASSES });
const side = fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 1, max: 12 }));

/** What the patches of an image give: a box each, with a score for some of the classes, in no particular order. */
const image: fc.Arbitrary<Detection[]> = fc
  .array(fc.record({ x: side, y: side, scores: fc.array(fc.option(level), { maxLength: CLASSES }) }), { maxLength: 14 })
  .chain((patches) => {
    const detections = patches.flatMap(({ x, y, scores }, patchId) =>
      scores.flatMap((score, classId): Detection[] => {
        const box: Xyxy = [x[0], y[0], x[0] + x[1], y[0] + y[1]];
        return score === null ? [] : [{ classId, queryId: classId, patchId, score, box }];
      }),
    );
    return fc.integer().map((seed) => shuffled(detections, seed));
  });

const selection: fc.Arbitrary<Selection> = fc.record({
  thresholds,
  nmsIou: fc.option(fc.array(fc.constantFrom(0, 0.3, 0.5, 1), { minLength: CLASSES, maxLength: CLASSES })),
  classAgnosticNms: fc.boolean(),
  maxDetections: fc.constantFrom(1, 3, 300),
});

const withoutNms = { nmsIou: null, classAgnosticNms: false, maxDetections: Infinity };

/** Whether `a` is shown before `b`. */
function precedes(a: Detection, b: Detection): boolean {
  const keysOf = ({ score, classId, box, patchId }: Detection) => [-score, classId, ...box, patchId];
  const [first, second] = [keysOf(a), keysOf(b)];
  const differing = first.findIndex((key, i) => key !== second[i]);
  return differing !== -1 && first[differing]! < second[differing]!;
}

/** The pairs that show their patch: no other pair of it that passes precedes them. */
function candidatesOf(detections: readonly Detection[], limits: readonly number[]): Detection[] {
  const passing = detections.filter(({ classId, score }) => score > limits[classId]!);
  return passing.filter((one) => !passing.some((other) => other.patchId === one.patchId && precedes(other, one)));
}

/** Takes the best candidate and strikes out what it suppresses, until none is left. */
function selectByElimination(detections: readonly Detection[], asked: Selection): Detection[] {
  let left = candidatesOf(detections, asked.thresholds);
  const shown: Detection[] = [];
  while (left.length > 0 && shown.length < asked.maxDetections) {
    const best = left.find((one) => left.every((other) => other === one || precedes(one, other)))!;
    shown.push(best);
    left = left.filter((one) => one !== best && !isSuppressed(one, best, asked));
  }
  return shown;
}

function isSuppressed(weaker: Detection, better: Detection, { nmsIou, classAgnosticNms }: Selection): boolean {
  if (nmsIou === null || (!classAgnosticNms && weaker.classId !== better.classId)) return false;
  return iou(weaker.box, better.box) > nmsIou[weaker.classId]!;
}

/** How boxes were selected before: the best class of a patch alone, if it passes. */
function bestClassAlone(detections: readonly Detection[], limits: readonly number[]): Detection[] {
  return candidatesOf(detections, Array<number>(CLASSES).fill(-1)).filter(
    ({ classId, score }) => score > limits[classId]!,
  );
}

describe('for any detections', () => {
  it('the selection is that of an elimination pair by pair', () => {
    fc.assert(
      fc.property(image, selection, (detections, asked) => {
        expect(select(detections, asked)).toEqual(selectByElimination(detections, asked));
      }),
      { numRuns: 2000 },
    );
  });

  it('the selection does not depend on their order, and leaves them as they are', () => {
    fc.assert(
      fc.property(image, selection, fc.integer(), (detections, asked, seed) => {
        const before = [...detections];
        expect(select(shuffled(detections, seed), asked)).toEqual(select(detections, asked));
        expect(detections).toEqual(before);
      }),
    );
  });

  it('every patch that passes the threshold of some class has a box, of the best of these classes', () => {
    fc.assert(
      fc.property(image, thresholds, (detections, limits) => {
        const passing = detections.filter(({ classId, score }) => score > limits[classId]!);
        const shown = select(detections, { ...withoutNms, thresholds: limits });
        expect(shown.map(({ patchId }) => patchId).sort()).toEqual(
          [...new Set(passing.map((one) => one.patchId))].sort(),
        );
        for (const { patchId, score } of shown) {
          expect(score).toBe(Math.max(...passing.filter((one) => one.patchId === patchId).map((one) => one.score)));
        }
      }),
    );
  });

  it('with one threshold for all classes, the best class of a patch alone decides', () => {
    fc.assert(
      fc.property(image, level, selection, (detections, common, asked) => {
        const limits = Array<number>(CLASSES).fill(common);
        const expected = selectByElimination(bestClassAlone(detections, limits), { ...asked, thresholds: limits });
        expect(select(detections, { ...asked, thresholds: limits })).toEqual(expected);
      }),
    );
  });

  it('raising the threshold of a class changes no patch that another class has won', () => {
    fc.assert(
      fc.property(image, thresholds, fc.nat(CLASSES - 1), level, (detections, limits, raised, by) => {
        const higher = limits.map((limit, classId) => (classId === raised ? limit + by : limit));
        const before = select(detections, { ...withoutNms, thresholds: limits });
        const after = select(detections, { ...withoutNms, thresholds: higher });
        const ofOthers = before.filter(({ classId }) => classId !== raised);
        expect(after).toEqual(expect.arrayContaining(ofOthers));
        // A patch that the raised class had may go to another, or go.
        const lost = new Set(before.filter((one) => one.classId === raised).map(({ patchId }) => patchId));
        expect(after.filter(({ patchId }) => !lost.has(patchId))).toEqual(ofOthers);
      }),
    );
  });

  it('a box is dropped only where a better one that is shown suppresses it', () => {
    fc.assert(
      fc.property(image, selection, (detections, asked) => {
        const shown = select(detections, { ...asked, maxDetections: Infinity });
        for (const one of candidatesOf(detections, asked.thresholds)) {
          const isDropped = shown.some((better) => precedes(better, one) && isSuppressed(one, better, asked));
          expect(shown.includes(one)).toBe(!isDropped);
        }
      }),
    );
  });

  it('in several tiles, a box of one tile is never taken for a class of another box', () => {
    const whole = { width: 40, height: 24 };
    const crops = planCrops(whole, { height: 24, width: 24, overlap: 0, fullImage: false });
    fc.assert(
      fc.property(image, image, thresholds, (left, right, limits) => {
        const stored = mergeCrops([left, right], { crops, patches: 1000, limit: Infinity });
        const shown = select(stored, { ...withoutNms, thresholds: limits });
        const patches = stored.filter(({ classId, score }) => score > limits[classId]!).map(({ patchId }) => patchId);
        expect(new Set(shown.map(({ patchId }) => patchId))).toEqual(new Set(patches));
        expect(shown).toHaveLength(new Set(patches).size);
      }),
    );
  });
});
