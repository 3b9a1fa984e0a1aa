import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Detection } from '../../../../src/core/detection.js';
import { PIXEL_STEPS, SCORE_STEPS } from '../../../../src/core/gallery/pack.js';
import { select } from '../../../../src/core/select.js';
import { BoxTable } from '../../../../src/page/gallery/data/box-table.js';
import { packOf } from '../../../support/review/packs.js';

const CLASSES = 3;

/** Few places, scores and patches, so that boxes often overlap, tie, and share a patch. */
const corner = fc.integer({ min: 0, max: 12 }).map((value) => (value * 333) / PIXEL_STEPS);
const detection: fc.Arbitrary<Detection> = fc.tuple(corner, corner, corner, corner).chain(([x, y, width, height]) =>
  fc.record({
    classId: fc.nat(CLASSES - 1),
    queryId: fc.nat(CLASSES - 1),
    patchId: fc.nat(6),
    score: fc.integer({ min: 0, max: 20 }).map((value) => (value * 5000) / SCORE_STEPS),
    box: fc.constant([x, y, toHundredths(x + width), toHundredths(y + height)] as const),
  }),
);
/** A patch has one score for each of its classes. */
const image = fc.uniqueArray(detection, {
  maxLength: 14,
  selector: ({ patchId, classId }) => `${patchId} ${classId}`,
});
const threshold = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.integer({ min: 0, max: 20 }).map((value) => (value * 5000) / SCORE_STEPS),
);
const thresholds = fc.array(threshold, { minLength: CLASSES, maxLength: CLASSES });
const selection = fc.record({
  nmsIou: fc.option(fc.array(fc.constantFrom(0, 0.3, 0.5, 0.9, 1), { minLength: CLASSES, maxLength: CLASSES }), {
    nil: null,
  }),
  classAgnosticNms: fc.boolean(),
  maxDetections: fc.constantFrom(1, 3, 300),
});

describe('the table of boxes', () => {
  it('shows the boxes that select leaves, however thresholds were moved before', () => {
    fc.assert(
      fc.property(
        fc.array(image, { maxLength: 4 }),
        selection,
        fc.array(thresholds, { minLength: 1, maxLength: 4 }),
        (images, options, steps) => {
          const pack = packOf(images, { classes: CLASSES, selection: options });
          const table = new BoxTable(pack, steps[0]!);
          for (const step of steps) {
            table.setThresholds(step);
            expect(table.advance(() => false)).toBe(true);
            const expected = images.map((boxes) => select(boxes, { ...options, thresholds: step }));
            expect(images.map((_, i) => table.boxesOf(i).map(({ row: _row, ...box }) => box))).toEqual(expected);
            const counts = Array.from({ length: CLASSES }, (_, i) =>
              expected.flat().reduce((sum, { classId }) => sum + (classId === i ? 1 : 0), 0),
            );
            expect([...table.shownOfClass]).toEqual(counts);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('answers for one image before the others are done', () => {
    const boxes: Detection[] = [{ classId: 0, queryId: 0, patchId: 1, score: 0.5, box: [1, 2, 3, 4] }];
    const table = new BoxTable(packOf(Array<Detection[]>(1000).fill(boxes)), [0.1, 0.1, 0.1]);
    expect(table.advance(() => true)).toBe(false);
    expect(table.boxesOf(999)).toHaveLength(1);
    table.setThresholds([0.5, 0.1, 0.1]);
    expect(table.boxesOf(999)).toEqual([]);
    expect(table.advance(() => false)).toBe(true);
    expect(table.shownOfClass[0]).toBe(0);
  });

  it('gives a box of the model as it was stored', () => {
    const box: Detection = { classId: 2, queryId: 1, patchId: 77, score: 0.12345, box: [0.01, 1.1, 639.99, 480] };
    const table = new BoxTable(packOf([[], [box]]), [0.1, 0.1, 0.1]);
    expect(table.boxesOf(1)).toEqual([{ row: 0, ...box }]);
  });
});

function toHundredths(value: number): number {
  return Math.round(value * PIXEL_STEPS) / PIXEL_STEPS;
}
