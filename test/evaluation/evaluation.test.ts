import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Xywh } from '../../src/core/box.js';
import { COCO_IOUS, Evaluation } from '../../src/evaluation/evaluation.js';
import { classStatsOf, precisionsByIou, statsOf, type Stats } from '../../src/evaluation/figures.js';
import type { EvaluatedImage } from '../../src/evaluation/evaluated-image.js';
import { FIXTURES } from '../support/model/golden.js';
import { averagePrecision, averagesOf } from '../support/evaluation/averages.js';
import { toEvaluated, type CocoResult, type CocoTruth } from '../support/evaluation/coco-file.js';
import { randomScenes } from '../support/evaluation/scenes.js';

/** What pycocotools says of a set. */
interface Expected {
  readonly stats: Stats;
  readonly per_class: readonly {
    category_id: number;
    ap: number | null;
    ap50: number | null;
    ap75: number | null;
    ar100: number | null;
  }[];
  readonly ap_by_iou: readonly number[];
}

const close = (value: number) => expect.closeTo(value, 12) as number;

const mapValues = <Value, Result>(values: Record<string, Value>, map: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, map(value)]));

const at = (x: number): Xywh => [x, 0, 10, 10];

function image(objects: number[], detections: [number, number][], classId = 1): EvaluatedImage {
  return {
    objects: objects.map((x) => ({ classId, box: at(x) })),
    detections: detections.map(([x, score]) => ({ classId, score, box: at(x) })),
  };
}

describe('average precision', () => {
  it('is 1 when everything is found and nothing else, 0 when nothing is', () => {
    expect(
      averagePrecision([
        image(
          [0, 50],
          [
            [0, 0.9],
            [50, 0.8],
          ],
        ),
      ]).map,
    ).toBeCloseTo(1);
    expect(averagePrecision([image([0], [])])).toMatchObject({ map: 0, map50: 0 });
  });

  it('is the mean of the best precision beyond each of 101 recalls', () => {
    // Right, wrong, right, of two objects: precision 1 up to recall 0.5 (51 points), then 2/3 (50 points).
    const mixed = image(
      [0, 50],
      [
        [0, 0.9],
        [200, 0.8],
        [50, 0.7],
      ],
    );
    expect(averagePrecision([mixed]).map50).toBeCloseTo((51 + (50 * 2) / 3) / 101, 10);
  });

  it('finds an object once: the second detection of it is wrong', () => {
    const doubled = image(
      [0, 50],
      [
        [0, 0.9],
        [0, 0.8],
        [50, 0.7],
      ],
    );
    expect(averagePrecision([doubled]).map50).toBeCloseTo((51 + (50 * 2) / 3) / 101, 10);
  });

  it('takes the free object that overlaps most, and the best score chooses first', () => {
    const near: EvaluatedImage = {
      objects: [
        { classId: 1, box: at(0) },
        { classId: 1, box: at(4) },
      ],
      detections: [
        { classId: 1, score: 0.9, box: at(3) },
        { classId: 1, score: 0.8, box: at(0) },
      ],
    };
    expect(averagePrecision([near], { ious: [0.5] }).map).toBeCloseTo(1);
  });

  it('counts a box that is off by a fifth up to the IoU that it reaches', () => {
    const shifted = image([0], [[2, 0.9]]); // IoU 8 / 12
    expect(averagePrecision([shifted]).map).toBeCloseTo(0.4); // 0.5, 0.55, 0.6, 0.65 of ten
    expect(averagePrecision([shifted]).map50).toBeCloseTo(1);
  });

  it('is a mean over the classes that have objects, each ranked over all images', () => {
    const images = [image([0], [[0, 0.5]]), image([], [[0, 0.9]]), image([0], [], 2), image([], [[0, 0.9]], 3)];
    const { map50, perClass } = averagePrecision(images);
    expect([...perClass.keys()].sort()).toEqual([1, 2]);
    expect(perClass.get(1)).toBeCloseTo(0.5); // the wrong one in another image comes first
    expect(map50).toBeCloseTo(0.25);
  });

  it('looks at no more than the best of an image', () => {
    const many = image([0], [[0, 0.1], ...Array.from({ length: 5 }, (_, i): [number, number] => [100 + 20 * i, 0.9])]);
    expect(averagePrecision([many], { maxDetections: 5 }).map).toBe(0);
    expect(averagePrecision([many], { maxDetections: 6 }).map).toBeGreaterThan(0);
  });
});

describe('crowds', () => {
  const crowd = { classId: 1, box: [100, 0, 40, 10] as Xywh, isCrowd: true };

  it('make detections in them neither right nor wrong, however many, and are not missed', () => {
    const [alone] = [
      image(
        [0],
        [
          [0, 0.5],
          [100, 0.9],
          [110, 0.8],
          [120, 0.7],
        ],
      ),
    ];
    expect(averagePrecision([alone]).map50).toBeCloseTo(0.25);
    expect(averagePrecision([{ ...alone, objects: [...alone.objects, crowd] }]).map).toBeCloseTo(1);
  });

  it('do not take a detection away from an object', () => {
    const both = image([100], [[100, 0.9]]);
    expect(averagePrecision([{ ...both, objects: [crowd, ...both.objects] }]).map).toBeCloseTo(1);
  });

  it('alone do not make a class count', () => {
    expect(averagePrecision([{ objects: [crowd], detections: [] }]).perClass.size).toBe(0);
  });
});

describe('compared with pycocotools 2.0.11, to the last digits', () => {
  it.each([
    { seed: 1, crowds: 0, map: 0.1799166860550861, map50: 0.4301824776354874 },
    { seed: 2, crowds: 0.2, map: 0.21486263141378759, map50: 0.4827522891361401 },
    { seed: 3, crowds: 0.5, map: 0.22802123107029637, map50: 0.5269219856768285 },
  ])('40 random images with equal scores and a share of $crowds crowds', ({ seed, crowds, map, map50 }) => {
    const ours = averagePrecision(randomScenes(seed, { crowds }));
    expect(ours.map).toBeCloseTo(map, 14);
    expect(ours.map50).toBeCloseTo(map50, 14);
  });

  it.each([1, 2, 3, 4, 5, 6])('random set %i of fixtures/evaluation, in all figures', (set) => {
    const read = (name: string): unknown =>
      JSON.parse(readFileSync(join(FIXTURES, `evaluation/random-0${set}`, name), 'utf8'));
    const images = toEvaluated(read('truth.json') as CocoTruth, read('results.json') as CocoResult[]);
    const { stats, per_class: perClass, ap_by_iou: byIou } = read('expected.json') as Expected;
    const evaluation = new Evaluation(images);
    const expected = Object.entries(stats).map(([name, value]) => [name, close(value as number)]);
    expect(Object.entries(statsOf(evaluation))).toEqual(expected);
    const ids = perClass.map(({ category_id: id }) => id);
    expect(classStatsOf(evaluation, ids)).toEqual(
      perClass.map(({ category_id: classId, ...figures }) => ({
        classId,
        objects: expect.any(Number) as number,
        ...mapValues(figures, (value) => (value === null ? null : close(value))),
      })),
    );
    expect(precisionsByIou(evaluation)).toEqual(byIou.map(close));
  });

  it('each class by itself', () => {
    const { perClass } = averagePrecision(randomScenes(2, { crowds: 0.2 }));
    const expected = [0.19601620715319598, 0.2385112749660145, 0.17319822165477572, 0.2517248218811641];
    expect([...perClass.keys()]).toEqual([1, 2, 3, 7]);
    [...perClass.values()].forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 14));
  });

  it('an overlap of exactly 0.85 counts at 0.85', () => {
    const exact: EvaluatedImage = {
      objects: [{ classId: 1, box: [0, 0, 100, 100] }],
      detections: [{ classId: 1, score: 0.9, box: [0, 0, 100, 85] }],
    };
    expect(averagePrecision([exact]).map).toBeCloseTo(0.8); // 0.5 … 0.85: eight of ten
    expect(COCO_IOUS.at(-1)).toBe(0.95);
  });
});

describe('whatever the images', () => {
  const scenes = randomScenes(4, { crowds: 0.1 });

  it('only the order of scores matters', () => {
    const squeezed = scenes.map(({ objects, detections }) => ({
      objects,
      detections: detections.map((detection) => ({ ...detection, score: detection.score ** 3 / 10 })),
    }));
    expect(averagePrecision(squeezed)).toEqual(averagePrecision(scenes));
  });

  it('a wrong detection with the best score makes it worse, one with the worst score changes nothing', () => {
    const wrong = (score: number) =>
      scenes.map(({ objects, detections }) => ({
        objects,
        detections: [...detections, { classId: 1, score, box: [900, 900, 10, 10] as Xywh }],
      }));
    expect(averagePrecision(wrong(2)).map).toBeLessThan(averagePrecision(scenes).map);
    expect(averagePrecision(wrong(-1))).toEqual(averagePrecision(scenes));
  });

  it('it is between 0 and 1, and falls when more overlap is asked for', () => {
    const values = COCO_IOUS.map((minIou) => averagePrecision(scenes, { ious: [minIou] }).map);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(values[0]).toBeGreaterThan(values.at(-1)!);
    expect([...values].sort((a, b) => b - a)).toEqual(values);
  });

  it('an image that counts n times is as good as n copies of it', () => {
    const weights = scenes.map((_, i) => [0, 1, 1, 3][i % 4]!);
    const copies = scenes.flatMap((scene, i) => Array.from({ length: weights[i]! }, () => scene));
    const weighted = averagesOf(new Evaluation(scenes), { weights });
    const copied = averagePrecision(copies);
    expect([weighted.map, weighted.map50]).toEqual([close(copied.map), close(copied.map50)]);
    expect([...weighted.perClass]).toEqual([...copied.perClass].map(([id, value]) => [id, close(value)]));
  });
});
