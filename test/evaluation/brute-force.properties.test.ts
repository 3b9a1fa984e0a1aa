import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Xywh } from '../../src/core/box.js';
import type { EvaluatedImage } from '../../src/evaluation/evaluated-image.js';
import { COCO_IOUS, Evaluation } from '../../src/evaluation/evaluation.js';
import { statsOf } from '../../src/evaluation/figures.js';
import { SIZES, type SizeName } from '../../src/evaluation/ranked-class.js';

/** Boxes on a coarse grid, so that overlaps, areas and scores are often equal or exactly at a limit. */
const side = fc.constantFrom(8, 16, 32, 48, 96, 192);
const box = fc
  .tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 }), side, side)
  .map(([x, y, width, height]): Xywh => [x * 8, y * 8, width, height]);
const classId = fc.constantFrom(1, 2, 5);
const object = fc.record({ classId, box, isCrowd: fc.integer({ min: 0, max: 4 }).map((value) => value === 0) });
const detection = fc.record({ classId, box, score: fc.integer({ min: 0, max: 5 }).map((value) => value / 5) });
const image: fc.Arbitrary<EvaluatedImage> = fc.record({
  objects: fc.array(object, { maxLength: 4 }),
  detections: fc.array(detection, { maxLength: 6 }),
});

it('every figure is that of an evaluator that follows the definition word by word', () => {
  fc.assert(
    fc.property(fc.array(image, { maxLength: 4 }), (images) => {
      const stats = statsOf(new Evaluation(images));
      const ap = (size: SizeName, ious = COCO_IOUS) => close(average(images, { size, ious, most: 100 }).precision);
      const ar = (size: SizeName, most = 100) => close(average(images, { size, ious: COCO_IOUS, most }).recall);
      expect(stats).toEqual({
        AP: ap('all'),
        AP50: ap('all', [COCO_IOUS[0]!]),
        AP75: ap('all', [COCO_IOUS[5]!]),
        APsmall: ap('small'),
        APmedium: ap('medium'),
        APlarge: ap('large'),
        AR1: ar('all', 1),
        AR10: ar('all', 10),
        AR100: ar('all'),
        ARsmall: ar('small'),
        ARmedium: ar('medium'),
        ARlarge: ar('large'),
      });
    }),
    { numRuns: 300 },
  );
});

const close = (value: number) => expect.closeTo(value, 12) as number;

interface Asked {
  readonly size: SizeName;
  readonly ious: readonly number[];
  readonly most: number; // detections of an image and class
}

function average(images: readonly EvaluatedImage[], asked: Asked): { precision: number; recall: number } {
  const values = [1, 2, 5].flatMap((classId) =>
    asked.ious.flatMap((iou) => evaluateClass(images, classId, { ...asked, iou }) ?? []),
  );
  const mean = (of: (value: (typeof values)[number]) => number) =>
    values.length === 0 ? -1 : values.reduce((sum, value) => sum + of(value), 0) / values.length;
  return { precision: mean(({ precision }) => precision), recall: mean(({ recall }) => recall) };
}

function evaluateClass(
  images: readonly EvaluatedImage[],
  classId: number,
  { size, iou, most }: Asked & { iou: number },
): { precision: number; recall: number } | undefined {
  const isOther = (area: number) => area < SIZES[size][0] || area > SIZES[size][1];
  const judged: { score: number; verdict: 'right' | 'wrong' | undefined }[] = [];
  let count = 0;
  for (const { objects: all, detections } of images) {
    const objects = all.filter((one) => one.classId === classId).map((one) => ({ ...one, taken: false }));
    const counts = (one: (typeof objects)[number]) => one.isCrowd !== true && !isOther(one.box[2] * one.box[3]);
    count += objects.filter(counts).length;
    const own = detections.filter((one) => one.classId === classId);
    const sorted = own.map((one, place) => ({ ...one, place })).sort((a, b) => b.score - a.score || a.place - b.place);
    for (const { score, box } of sorted.slice(0, most)) {
      const best = (some: typeof objects) => {
        const free = some.filter((one) => one.isCrowd === true || !one.taken);
        const overlaps = free.map((one) => overlap(box, one.box, one.isCrowd === true));
        const largest = Math.max(0, ...overlaps);
        return largest >= iou ? free[overlaps.lastIndexOf(largest)] : undefined;
      };
      const found = best(objects.filter(counts)) ?? best(objects.filter((one) => !counts(one)));
      if (found !== undefined) found.taken = true;
      const isLeftOut = found === undefined ? isOther(box[2] * box[3]) : !counts(found);
      judged.push({ score, verdict: isLeftOut ? undefined : found === undefined ? 'wrong' : 'right' });
    }
  }
  if (count === 0) return undefined;
  const ranked = judged.map((one, place) => ({ ...one, place })).sort((a, b) => b.score - a.score || a.place - b.place);
  const counted = ranked.filter(({ verdict }) => verdict !== undefined);
  const points = counted.map((_, i) => {
    const right = counted.slice(0, i + 1).filter(({ verdict }) => verdict === 'right').length;
    return { precision: right / (i + 1), recall: right / count };
  });
  let sum = 0;
  for (let i = 0; i <= 100; i++) {
    sum += Math.max(0, ...points.filter(({ recall }) => recall >= i * 0.01).map(({ precision }) => precision));
  }
  return { precision: sum / 101, recall: points.at(-1)?.recall ?? 0 };
}

function overlap(a: Xywh, b: Xywh, isCrowd: boolean): number {
  const width = Math.max(0, Math.min(a[0] + a[2], b[0] + b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[1] + a[3], b[1] + b[3]) - Math.max(a[1], b[1]));
  const own = a[2] * a[3];
  return (width * height) / (isCrowd ? own : own + b[2] * b[3] - width * height);
}
