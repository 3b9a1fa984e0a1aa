import { describe, expect, it } from 'vitest';
import type { Xywh } from '../../../src/core/box.js';
import { confusionOf, listConfused } from '../../../src/evaluation/drafts/confusion.js';
import type { EvaluatedImage } from '../../../src/evaluation/evaluated-image.js';
import { secondsOf } from '../../../src/core/review/seconds.js';
import { sumWork, workLeftByClass } from '../../../src/evaluation/drafts/work-left.js';

const at = (x: number, width = 10): Xywh => [x, 0, width, 10];
const object = (classId: number, box: Xywh, isCrowd = false) => ({ classId, box, isCrowd });
const found = (classId: number, box: Xywh, score = 0.5) => ({ classId, box, score });

const image: EvaluatedImage = {
  objects: [
    object(0, at(0)),
    object(0, at(100)),
    object(0, at(200)),
    object(1, at(300)),
    object(1, at(400)),
    object(0, at(600, 200), true),
  ],
  detections: [
    found(0, at(0)), // exact
    found(0, at(100, 8)), // IoU 0.8
    found(0, at(204)), // IoU 6 / 14: too little
    found(0, at(300)), // of another class
    found(1, at(500)), // nothing is there
    found(0, at(650)), // in a crowd
  ],
};

describe('work left', () => {
  it('counts drafts that stay, that are adjusted and deleted, and objects to be drawn; crowds are left out', () => {
    const work = workLeftByClass([image]);
    expect(work.get(0)).toEqual({ stay: 1, adjust: 1, delete: 2, draw: 1 });
    expect(work.get(1)).toEqual({ stay: 0, adjust: 0, delete: 1, draw: 2 });
    expect(sumWork(work.values())).toEqual({ stay: 1, adjust: 1, delete: 3, draw: 3 });
  });

  it('takes the seconds of each action', () => {
    const seconds = { draw: 25, adjust: 10, delete: 2, check: 1 };
    expect(secondsOf({ stay: 1, adjust: 1, delete: 3, draw: 3 }, seconds)).toEqual({
      left: 1 + 10 + 3 * 2 + 3 * 25,
      withoutDrafts: 5 * 25,
    });
  });

  it('a box that overlaps by exactly 0.9 stays, one by exactly 0.5 is adjusted', () => {
    const boxes = [found(0, at(0, 9)), found(0, at(100, 5))];
    const work = workLeftByClass([{ objects: [object(0, at(0)), object(0, at(100))], detections: boxes }]);
    expect(work.get(0)).toEqual({ stay: 1, adjust: 1, delete: 0, draw: 0 });
  });

  it('pairs the largest overlaps first, whatever their scores', () => {
    const detections = [found(0, at(2), 0.9), found(0, at(0), 0.1)];
    const [work] = [...workLeftByClass([{ objects: [object(0, at(0))], detections }]).values()];
    expect(work).toEqual({ stay: 1, adjust: 0, delete: 1, draw: 0 });
  });
});

describe('confusion', () => {
  it('counts what objects of each class were taken for, with the background last', () => {
    const confusion = confusionOf([image], [0, 1], 0.5);
    expect(confusion.matrix).toEqual([
      [2, 0, 1],
      [1, 0, 1],
      [1, 1, 0],
    ]);
    expect(listConfused(confusion)).toEqual([{ classIds: [0, 1], count: 1 }]);
  });

  it('of equal overlaps, prefers the box of the right class', () => {
    const detections = [found(1, at(0), 0.9), found(0, at(0), 0.2)];
    const { matrix } = confusionOf([{ objects: [object(0, at(0))], detections }], [0, 1], 0.5);
    expect(matrix).toEqual([
      [1, 0, 0],
      [0, 0, 0],
      [0, 1, 0],
    ]);
  });

  it('a row sums to the objects of its class, and a column to its boxes', () => {
    const { matrix } = confusionOf([image], [0, 1], 0.3);
    const sums = matrix.slice(0, -1).map((row) => row.reduce((sum, count) => sum + count, 0));
    expect(sums).toEqual([3, 2]);
    const columns = [0, 1].map((column) => matrix.reduce((sum, row) => sum + row[column]!, 0));
    expect(columns).toEqual([4, 1]); // one lies in a crowd
  });
});
