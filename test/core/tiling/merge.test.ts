import { describe, expect, it } from 'vitest';
import { iou, type Xyxy } from '../../../src/core/box.js';
import type { Detection } from '../../../src/core/detection.js';
import { mergeCrops } from '../../../src/core/tiling/merge.js';
import { select, suppress } from '../../../src/core/select.js';
import { planCrops, type TileOptions, type Crop } from '../../../src/core/tiling/tiles.js';
import { Random } from '../../support/random.js';
import { part, PATCHES, scattered, seenIn, seenObjects, unit } from './seen-objects.js';

const merged = (found: readonly Detection[][], crops: readonly Crop[], limit = 300) =>
  mergeCrops(found, { crops, patches: PATCHES, limit });
const boxes = (detections: readonly Detection[]) => detections.map(({ box }) => box);

/** A whole image of 180 x 100, and two tiles of 100 that have 20 pixels in common. */
const ROW: TileOptions = { height: 100, width: 100, overlap: 0.2, fullImage: false };
const [left, right] = planCrops({ width: 180, height: 100 }, ROW) as [Crop, Crop];
const crops = [left, right];

describe('the boxes of several tiles', () => {
  it('are moved to where their tile lies, best first, each patch under its own id', () => {
    const found = [
      seenIn(left, [{ box: [10, 10, 40, 40], patchId: 7 }]),
      seenIn(right, [{ box: [120.25, 10, 150.75, 40], patchId: 7, score: 0.9 }]),
    ];
    expect(merged(found, crops)).toEqual([
      { classId: 0, queryId: 0, patchId: 1007, score: 0.9, box: [120.25, 10, 150.75, 40] },
      { classId: 0, queryId: 0, patchId: 7, score: 0.5, box: [10, 10, 40, 40] },
    ]);
  });

  it('are those that the model found where the image is one crop', () => {
    const [whole] = planCrops({ width: 50, height: 50 }, ROW) as [Crop];
    const found = seenIn(whole, [{ box: [0, 0, 50, 50] }, { box: [0, 0, 50, 49] }]);
    expect(merged([found], [whole])).toEqual(found);
  });

  it('show an object that two tiles share once, with the better score of the two', () => {
    const found = [
      seenIn(left, [{ box: [82, 50, 92, 60], score: 0.6 }]),
      seenIn(right, [{ box: [83, 50, 93, 61], score: 0.7 }]),
    ];
    expect(boxes(merged(found, crops))).toEqual([[83, 50, 93, 61]]);
  });

  it('are all kept within one tile, however much they overlap: suppression comes later', () => {
    const found = [seenIn(left, [{ box: [10, 10, 40, 40] }, { box: [11, 10, 41, 40] }]), []];
    expect(merged(found, crops)).toHaveLength(2);
  });

  it('are kept where their best classes differ; one that is dropped leaves its other classes to the one kept', () => {
    const found = [
      seenIn(left, [
        { box: [82, 50, 92, 60], score: 0.6, classId: 1, patchId: 3 },
        { box: [82, 50, 92, 60], score: 0.5, classId: 2, patchId: 3 },
        { box: [82, 50, 92, 60], score: 0.4, classId: 4, patchId: 3 },
      ]),
      seenIn(right, [
        { box: [82, 50, 92, 61], score: 0.7, classId: 1, patchId: 4 },
        { box: [82, 50, 92, 61], score: 0.45, classId: 4, patchId: 4 },
        { box: [82, 50, 92, 60], score: 0.55, classId: 3, patchId: 5 },
      ]),
    ];
    const result = merged(found, crops);
    expect(result.map(({ classId, patchId, score }) => [classId, patchId, score])).toEqual([
      [1, 1004, 0.7],
      [3, 1005, 0.55],
      [2, 1004, 0.5],
      [4, 1004, 0.45],
    ]);
    expect(result[2]).toEqual({ ...result[0], classId: 2, queryId: 2, score: 0.5 });
  });

  it('show an object for a class that only the weaker of two tiles is sure of, if the best class fails', () => {
    const box: Xyxy = [82, 50, 92, 60];
    const cup = { box, classId: 0, patchId: 1 };
    const mug = { box, classId: 1, patchId: 1 };
    const found = [
      seenIn(left, [
        { ...cup, score: 0.6 },
        { ...mug, score: 0.55 },
      ]),
      seenIn(right, [
        { ...cup, score: 0.7 },
        { ...mug, score: 0.1 },
      ]),
    ];
    const selection = { nmsIou: [0.5, 0.5], classAgnosticNms: false, maxDetections: 300 };
    const shownWith = (thresholds: number[]) => select(merged(found, crops), { ...selection, thresholds });
    expect(shownWith([0.8, 0.3])).toMatchObject([{ classId: 1, score: 0.55, patchId: 1001 }]);
    expect(shownWith([0.3, 0.3])).toMatchObject([{ classId: 0, score: 0.7, patchId: 1001 }]);
  });

  it('are limited in number after merging', () => {
    const found = [
      seenIn(left, [
        { box: [82, 50, 92, 60], score: 0.6 },
        { box: [10, 10, 20, 20], score: 0.4 },
      ]),
      seenIn(right, [{ box: [82, 50, 92, 60], score: 0.7 }]),
    ];
    expect(merged(found, crops, 2).map(({ score }) => score)).toEqual([0.7, 0.4]);
  });
});

describe('an object that a border between tiles cuts', () => {
  const whole: Xyxy = [90, 20, 106, 40];

  it('comes from the tile that contains all of it, whatever score and class the other tile gives its part', () => {
    const found = [
      seenIn(left, [
        { box: [90, 20, 100, 40], score: 0.9 },
        { box: [90, 20, 99.5, 40], score: 0.8, classId: 4 },
      ]),
      seenIn(right, [{ box: whole, score: 0.3 }]),
    ];
    expect(boxes(merged(found, crops))).toEqual([whole]);
  });

  it('is not cut where its box ends at the border of the image itself', () => {
    const found = [
      seenIn(left, [{ box: [0, 0, 30, 30] }]),
      seenIn(right, [{ box: [150, 70, 180, 100] }, { box: [150, 0, 180, 30] }]),
    ];
    expect(merged(found, crops)).toHaveLength(3);
  });

  it('is joined where it is larger than the overlap of the tiles', () => {
    const found = [seenIn(left, [{ box: [60, 20, 100, 40] }]), seenIn(right, [{ box: [80, 21, 130, 41], score: 0.6 }])];
    expect(boxes(merged(found, crops))).toEqual([[60, 20, 130, 41]]);
  });

  it('is not joined with an object beside it', () => {
    const found = [
      seenIn(left, [{ box: [60, 20, 100, 40] }]),
      seenIn(right, [
        { box: [80, 45, 130, 65] }, // further down
        { box: [101, 20, 130, 40] }, // ends before the border
        { box: [80, 20, 130, 40], classId: 1 },
      ]),
    ];
    expect(boxes(merged(found, crops))).toContainEqual([60, 20, 100, 40]);
    expect(merged(found, crops)).toHaveLength(4);
  });

  it('is joined from the four tiles that meet in it', () => {
    const four = planCrops({ width: 180, height: 180 }, ROW);
    const object: Xyxy = [50, 55, 125, 130];
    const found = four.map((crop) => seenIn(crop, [{ box: part(object, crop) }]));
    expect(boxes(suppress(merged(found, four), () => 0.5, false))).toEqual([object]);
  });

  it('comes from the whole image where it is larger than a tile', () => {
    const three = planCrops({ width: 260, height: 100 }, { ...ROW, fullImage: true });
    const object: Xyxy = [10, 20, 250, 80];
    const found = three.map((crop, i) => seenIn(crop, [{ box: part(object, crop), score: i === 0 ? 0.5 : 0.9 }]));
    expect(boxes(suppress(merged(found, three), () => 0.5, false)).filter((box) => iou(box, object) > 0.9)).toEqual([
      object,
    ]);
    expect(boxes(merged(found, three)).every((box) => box[2] - box[0] > 100)).toBe(true);
  });

  it('is kept in parts where no crop shows the rest', () => {
    const found = [seenIn(left, [{ box: [60, 20, 100, 40] }]), []];
    expect(boxes(merged(found, crops))).toEqual([[60, 20, 100, 40]]);
  });
});

describe('random images and tiles', () => {
  it.each([
    { name: 'objects smaller than the overlap, tiles only', fullImage: false, sides: [8, 36], least: 0.75 },
    { name: 'objects smaller than the overlap, and the whole image', fullImage: true, sides: [8, 36], least: 0.75 },
    { name: 'objects up to the size of a tile, tiles only', fullImage: false, sides: [8, 110], least: 0.6 },
  ])('$name: each object is there exactly once, whole', ({ fullImage, sides, least }) => {
    const random = new Random(11);
    for (let round = 0; round < 40; round++) {
      const image = { width: 200 + unit(random) * 500, height: 150 + unit(random) * 400 };
      const size = { width: Math.round(image.width), height: Math.round(image.height) };
      const objects = scattered(random, size, sides as [number, number]);
      const cut = planCrops(size, { height: 128, width: 128, overlap: 0.35, fullImage });
      const found = cut.map((crop) => seenIn(crop, seenObjects(objects, crop, random)));
      const kept = suppress(merged(found, cut, 10_000), () => 0.5, false);
      expect(kept.length).toBe(objects.length);
      for (const { box, classId } of objects) {
        expect(kept.filter((one) => one.classId === classId && iou(one.box, box) > least)).toHaveLength(1);
      }
    }
  });

  it('give each box its own patch id, and the same result whatever the order of equal boxes', () => {
    const random = new Random(3);
    const size = { width: 700, height: 500 };
    const cut = planCrops(size, { height: 128, width: 128, overlap: 0.35, fullImage: true });
    const found = cut.map((crop) => seenIn(crop, seenObjects(scattered(random, size, [8, 90]), crop, random)));
    const result = merged(found, cut);
    expect(new Set(result.map(({ patchId }) => patchId)).size).toBe(new Set(result.map(({ box }) => box.join())).size);
    const shuffled = found.map((detections) => [...detections].reverse());
    expect(merged(shuffled, cut)).toEqual(result);
  });
});
