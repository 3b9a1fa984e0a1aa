import { describe, expect, it } from 'vitest';
import { area, intersection, type Xyxy } from '../../../src/core/box.js';
import { placeLabels, type LabelledBox } from '../../../src/core/drawing/place-labels.js';
import { Random } from '../../support/random.js';

const PICTURE = { width: 640, height: 480 };
const LABEL = { width: 60, height: 20 };

function labelled(...boxes: Xyxy[]): LabelledBox[] {
  return boxes.map((box) => ({ box, label: LABEL }));
}

function placesOf(...boxes: Xyxy[]): (Xyxy | undefined)[] {
  return placeLabels(labelled(...boxes), PICTURE);
}

describe('labels', () => {
  it('are above their box, in it at the top of the picture, and beside it where the box is small', () => {
    expect(placesOf([100, 100, 300, 300])).toEqual([[100, 80, 160, 100]]);
    expect(placesOf([100, 5, 300, 300])).toEqual([[100, 5, 160, 25]]);
    expect(placesOf([600, 5, 640, 30])).toEqual([[580, 30, 640, 50]]);
    expect(placesOf([0, 0, 640, 480])).toEqual([[0, 0, 60, 20]]);
  });

  it('of boxes with the same corner go to different places', () => {
    const [first, second] = placesOf([100, 100, 300, 300], [100, 100, 280, 310]);
    expect(first).toEqual([100, 80, 160, 100]);
    expect(second).toEqual([220, 80, 280, 100]);
  });

  it('leave small boxes visible', () => {
    const small: Xyxy = [105, 82, 125, 98];
    const [place] = placesOf([100, 100, 300, 300], small);
    expect(intersection(place!, small)).toBe(0);
  });

  it('cover a small box where there is no other room', () => {
    expect(placeLabels(labelled([0, 0, 60, 20]), LABEL)).toEqual([[0, 0, 60, 20]]);
  });

  it('that do not fit are left out', () => {
    expect(placeLabels(labelled([0, 0, 30, 30]), { width: 40, height: 40 })).toEqual([undefined]);
    expect(placeLabels([{ box: [0, 0, 9, 9], label: undefined }], PICTURE)).toEqual([undefined]);
  });

  it('lie in the picture, cover no other label, whatever the boxes are', () => {
    const random = new Random(7);
    const between = (low: number, high: number) => low + ((random.uniform() + 1) / 2) * (high - low);
    for (let round = 0; round < 60; round++) {
      const boxes = Array.from({ length: Math.ceil(between(0, 40)) }, (): LabelledBox => {
        const [x, y] = [between(0, 600), between(0, 440)];
        const box: Xyxy = [x, y, Math.min(640, x + between(1, 300)), Math.min(480, y + between(1, 300))];
        return { box, label: { width: Math.round(between(20, 120)), height: Math.round(between(10, 30)) } };
      });
      const places = placeLabels(boxes, PICTURE);
      const placed = places.filter((place) => place !== undefined);
      for (const [i, [x1, y1, x2, y2]] of placed.entries()) {
        expect(Math.min(x1, y1, 640 - x2, 480 - y2)).toBeGreaterThanOrEqual(0);
        for (const other of placed.slice(i + 1)) expect(intersection(placed[i]!, other)).toBe(0);
      }
      places.forEach((place, i) => place && expect(area(place)).toBe(sizeOf(boxes[i]!.label!)));
      expect(placed.length).toBeGreaterThanOrEqual(boxes.length * 0.5);
    }
  });

  it('of a thousand boxes are placed within a fraction of a second, the best 300 at most', () => {
    const boxes = Array.from({ length: 1000 }, (_, i): Xyxy => [i % 600, i % 400, (i % 600) + 40, (i % 400) + 40]);
    const placed = placesOf(...boxes).filter((place) => place !== undefined);
    expect(placed.length).toBeGreaterThan(20);
    expect(placed.length).toBeLessThanOrEqual(300);
  });
});

function sizeOf({ width, height }: { width: number; height: number }): number {
  return width * height;
}
