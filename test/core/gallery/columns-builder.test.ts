import { describe, expect, it } from 'vitest';
import type { Xyxy } from '../../../src/core/box.js';
import type { Detection } from '../../../src/core/detection.js';
import { BoxRows } from '../../../src/core/gallery/box-rows.js';
import { ColumnsBuilder, MAX_BOXES } from '../../../src/core/gallery/columns-builder.js';
import { PIXEL_STEPS, SCORE_STEPS, type BoxColumns } from '../../../src/core/gallery/pack.js';
import { Random } from '../../support/random.js';

const FLOOR = 0.01;
const CLASS_OF = [0, 1, 2, 0, 1]; // each prompt

const rows = new BoxRows();

/** Detections of an image, best score first. */
function detectionsOf(random: Random, count: number): Detection[] {
  const scores = Array.from({ length: count }, () => Math.round((FLOOR + 0.45 * (1 + random.uniform())) * SCORE_STEPS));
  return scores
    .sort((a, b) => b - a)
    .map((steps, i) => {
      const box = [i, 1.25, i + 0.5, 900.01] as unknown as Xyxy;
      return { classId: CLASS_OF[i % 5]!, queryId: i % 5, patchId: 7 * i, score: steps / SCORE_STEPS, box };
    });
}

/** The rows of a table, image by image. */
function rowsOf({ starts, scores, patches, corners, classes, prompts }: BoxColumns): Detection[][] {
  return Array.from({ length: starts.length - 1 }, (_, image) =>
    Array.from({ length: starts[image + 1]! - starts[image]! }, (__, offset) => {
      const at = starts[image]! + offset;
      const sides = [...corners.subarray(4 * at, 4 * at + 4)].map((side) => side / PIXEL_STEPS);
      return {
        ...{ classId: classes[at]!, queryId: prompts[at]!, patchId: patches[at]! },
        ...{ score: scores[at]! / SCORE_STEPS, box: sides as unknown as Xyxy },
      };
    }),
  );
}

describe('the table of boxes', () => {
  it('has those of each image, in whatever order images come', () => {
    const random = new Random(1);
    const images = Array.from({ length: 20 }, (_, i) => detectionsOf(random, i % 7));
    const table = new ColumnsBuilder({ images: images.length, classOf: CLASS_OF, limit: MAX_BOXES });
    for (const image of [...images.keys()].reverse()) table.addImage(image, rows.fill(images[image]!));
    expect(rowsOf(table.finish())).toEqual(images);
    expect(table.floor).toBe(-1);
  });

  it.each([1, 2, 3])('has all those above a higher score where there are too many (seed %i)', (seed) => {
    const random = new Random(seed);
    const images = Array.from({ length: 50 }, () => detectionsOf(random, 20));
    const table = new ColumnsBuilder({ images: images.length, classOf: CLASS_OF, limit: 200 });
    for (const [image, detections] of images.entries()) table.addImage(image, rows.fill(detections));
    const kept = rowsOf(table.finish());
    const floor = table.floor / SCORE_STEPS;
    expect(floor).toBeGreaterThan(FLOOR);
    expect(kept).toEqual(images.map((some) => some.filter(({ score }) => score > floor)));
    expect(kept.flat().length).toBeLessThanOrEqual(200);
    expect(kept.flat().length).toBeGreaterThan(50);
  });
});
