import { describe, expect, it } from 'vitest';
import { area, clip, intersection, iou, type Size, type Xyxy } from '../../src/core/box.js';
import type { Detection } from '../../src/core/detection.js';
import { mergeViews } from '../../src/core/merge.js';
import { suppress } from '../../src/core/select.js';
import { viewsOf, type TileOptions, type View } from '../../src/core/tiles.js';
import { Random } from '../support/random.js';

const PATCHES = 1000;

interface Seen {
  readonly box: Xyxy; // in the image
  readonly score?: number;
  readonly classId?: number;
  readonly patchId?: number;
}

/** Detections of a view that shows these parts of the image. */
function seenIn({ x, y }: View, seen: readonly Seen[]): Detection[] {
  return seen.map(({ box, score = 0.5, classId = 0, patchId }, i) => ({
    classId,
    queryId: classId,
    patchId: patchId ?? i,
    score,
    box: [box[0] - x.from, box[1] - y.from, box[2] - x.from, box[3] - y.from],
  }));
}

const merged = (found: readonly Detection[][], views: readonly View[], limit = 300) =>
  mergeViews(found, { views, patches: PATCHES, limit });
const boxes = (detections: readonly Detection[]) => detections.map(({ box }) => box);

/** A whole image of 180 x 100, and two tiles of 100 that have 20 pixels in common. */
const ROW: TileOptions = { height: 100, width: 100, overlap: 0.2, fullImage: false };
const [left, right] = viewsOf({ width: 180, height: 100 }, ROW) as [View, View];
const views = [left, right];

describe('boxes of several tiles become those of the image', () => {
  it('moved to where their tile lies, best first, with patch ids of their own', () => {
    const found = [
      seenIn(left, [{ box: [10, 10, 40, 40], patchId: 7 }]),
      seenIn(right, [{ box: [120.25, 10, 150.75, 40], patchId: 7, score: 0.9 }]),
    ];
    expect(merged(found, views)).toEqual([
      { classId: 0, queryId: 0, patchId: 1007, score: 0.9, box: [120.25, 10, 150.75, 40] },
      { classId: 0, queryId: 0, patchId: 7, score: 0.5, box: [10, 10, 40, 40] },
    ]);
  });

  it('an image of one view keeps what the model said of it', () => {
    const [whole] = viewsOf({ width: 50, height: 50 }, ROW) as [View];
    const found = seenIn(whole, [{ box: [0, 0, 50, 50] }, { box: [0, 0, 50, 49] }]);
    expect(merged([found], [whole])).toEqual(found);
  });

  it('an object in what two tiles have in common is there once, as the surer one shows it', () => {
    const found = [
      seenIn(left, [{ box: [82, 50, 92, 60], score: 0.6 }]),
      seenIn(right, [{ box: [83, 50, 93, 61], score: 0.7 }]),
    ];
    expect(boxes(merged(found, views))).toEqual([[83, 50, 93, 61]]);
  });

  it('neighbours in one tile stay, however much they overlap: that is for the limits chosen later', () => {
    const found = [seenIn(left, [{ box: [10, 10, 40, 40] }, { box: [11, 10, 41, 40] }]), []];
    expect(merged(found, views)).toHaveLength(2);
  });

  it('boxes of other classes stay, and a box goes with all its classes', () => {
    const found = [
      seenIn(left, [
        { box: [82, 50, 92, 60], score: 0.6, classId: 1, patchId: 3 },
        { box: [82, 50, 92, 60], score: 0.5, classId: 2, patchId: 3 },
      ]),
      seenIn(right, [
        { box: [82, 50, 92, 60], score: 0.7, classId: 1, patchId: 4 },
        { box: [82, 50, 92, 60], score: 0.55, classId: 3, patchId: 5 },
      ]),
    ];
    expect(merged(found, views).map(({ classId, patchId }) => [classId, patchId])).toEqual([
      [1, 1004],
      [3, 1005],
    ]);
  });

  it('the limit counts what is left', () => {
    const found = [
      seenIn(left, [
        { box: [82, 50, 92, 60], score: 0.6 },
        { box: [10, 10, 20, 20], score: 0.4 },
      ]),
      seenIn(right, [{ box: [82, 50, 92, 60], score: 0.7 }]),
    ];
    expect(merged(found, views, 2).map(({ score }) => score)).toEqual([0.7, 0.4]);
  });
});

describe('an object that a border between tiles cuts', () => {
  const whole: Xyxy = [90, 20, 106, 40];

  it('is left to the tile that shows it whole, however sure the other one is, and whatever it takes the part for', () => {
    const found = [
      seenIn(left, [
        { box: [90, 20, 100, 40], score: 0.9 },
        { box: [90, 20, 99.5, 40], score: 0.8, classId: 4 },
      ]),
      seenIn(right, [{ box: whole, score: 0.3 }]),
    ];
    expect(boxes(merged(found, views))).toEqual([whole]);
  });

  it('a box that ends at the border of the image itself is whole', () => {
    const found = [
      seenIn(left, [{ box: [0, 0, 30, 30] }]),
      seenIn(right, [{ box: [150, 70, 180, 100] }, { box: [150, 0, 180, 30] }]),
    ];
    expect(merged(found, views)).toHaveLength(3);
  });

  it('is joined where it is larger than what tiles have in common', () => {
    const found = [seenIn(left, [{ box: [60, 20, 100, 40] }]), seenIn(right, [{ box: [80, 21, 130, 41], score: 0.6 }])];
    expect(boxes(merged(found, views))).toEqual([[60, 20, 130, 41]]);
  });

  it('objects beside each other are not joined', () => {
    const found = [
      seenIn(left, [{ box: [60, 20, 100, 40] }]),
      seenIn(right, [
        { box: [80, 45, 130, 65] }, // further down
        { box: [101, 20, 130, 40] }, // ends before the border
        { box: [80, 20, 130, 40], classId: 1 },
      ]),
    ];
    expect(boxes(merged(found, views))).toContainEqual([60, 20, 100, 40]);
    expect(merged(found, views)).toHaveLength(4);
  });

  it('is joined from the four tiles that meet in it', () => {
    const four = viewsOf({ width: 180, height: 180 }, ROW);
    const object: Xyxy = [50, 55, 125, 130];
    const found = four.map((view) => seenIn(view, [{ box: part(object, view) }]));
    expect(boxes(suppress(merged(found, four), 0.5, false))).toEqual([object]);
  });

  it('comes from the whole image where it is larger than a tile', () => {
    const three = viewsOf({ width: 260, height: 100 }, { ...ROW, fullImage: true });
    const object: Xyxy = [10, 20, 250, 80];
    const found = three.map((view, i) => seenIn(view, [{ box: part(object, view), score: i === 0 ? 0.5 : 0.9 }]));
    expect(boxes(suppress(merged(found, three), 0.5, false)).filter((box) => iou(box, object) > 0.9)).toEqual([object]);
    expect(boxes(merged(found, three)).every((box) => box[2] - box[0] > 100)).toBe(true);
  });

  it('stays in parts, rather than not at all, where nothing shows the rest', () => {
    const found = [seenIn(left, [{ box: [60, 20, 100, 40] }]), []];
    expect(boxes(merged(found, views))).toEqual([[60, 20, 100, 40]]);
  });
});

describe('whatever the image and the tiles', () => {
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
      const cut = viewsOf(size, { height: 128, width: 128, overlap: 0.35, fullImage });
      const found = cut.map((view) => seenIn(view, seenObjects(objects, view, random)));
      const kept = suppress(merged(found, cut, 10_000), 0.5, false);
      expect(kept.length).toBe(objects.length);
      for (const { box, classId } of objects) {
        expect(kept.filter((one) => one.classId === classId && iou(one.box, box) > least)).toHaveLength(1);
      }
    }
  });

  it('patch ids are unique to a box, and the order in which equal boxes are given does not matter', () => {
    const random = new Random(3);
    const size = { width: 700, height: 500 };
    const cut = viewsOf(size, { height: 128, width: 128, overlap: 0.35, fullImage: true });
    const found = cut.map((view) => seenIn(view, seenObjects(scattered(random, size, [8, 90]), view, random)));
    const result = merged(found, cut);
    expect(new Set(result.map(({ patchId }) => patchId)).size).toBe(new Set(result.map(({ box }) => box.join())).size);
    const shuffled = found.map((detections) => [...detections].reverse());
    expect(merged(shuffled, cut)).toEqual(result);
  });
});

/** What of an object lies in a view. */
function part(box: Xyxy, { x, y }: View): Xyxy {
  return [Math.max(box[0], x.from), Math.max(box[1], y.from), Math.min(box[2], x.to), Math.min(box[3], y.to)];
}

/** A model that finds everything of which it sees a third, within a pixel or two. */
function seenObjects(objects: readonly Seen[], view: View, random: Random): Seen[] {
  const frame: Xyxy = [view.x.from, view.y.from, view.x.to, view.y.to];
  return objects.flatMap(({ box, classId = 0 }): Seen[] => {
    const visible = part(box, view);
    if (intersection(box, frame) < area(box) / 3) return [];
    const off = visible.map((value) => value + random.uniform() * 0.75) as unknown as Xyxy;
    return [{ classId, box: part(off, view), score: 0.3 + 0.6 * unit(random) }];
  });
}

/** Objects that keep clear of each other. */
function scattered(random: Random, size: Size, [least, most]: readonly [number, number]): Seen[] {
  const objects: Seen[] = [];
  for (let attempt = 0; attempt < 60; attempt++) {
    const [width, height] = [0, 0].map(() => least + unit(random) * (most - least)) as [number, number];
    const x = unit(random) * (size.width - width);
    const y = unit(random) * (size.height - height);
    const box = clip([x, y, x + width, y + height], size);
    const room: Xyxy = [box[0] - 4, box[1] - 4, box[2] + 4, box[3] + 4];
    if (objects.some((other) => intersection(other.box, room) > 0)) continue;
    objects.push({ classId: attempt % 3, box });
  }
  return objects;
}

/** In [0, 1). */
function unit(random: Random): number {
  return (random.uniform() + 1) / 2;
}
