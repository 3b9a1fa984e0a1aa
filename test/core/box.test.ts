import { describe, expect, it } from 'vitest';
import {
  area,
  clip,
  cxcywhToXyxy,
  enclose,
  iou,
  round,
  sharedLength,
  xyxyToCxcywh,
  xyxyToXywh,
  type Xyxy,
} from '../../src/core/box.js';

const IMAGE = { width: 200, height: 100 };

describe('boxes', () => {
  it('a centre box as fractions becomes corners in pixels, and goes back', () => {
    const corners = cxcywhToXyxy([0.5, 0.5, 0.25, 0.5], IMAGE);
    expect(corners).toEqual([75, 25, 125, 75]);
    expect(xyxyToCxcywh(corners, IMAGE)).toEqual([0.5, 0.5, 0.25, 0.5]);
  });

  it('corners become top-left and size', () => {
    expect(xyxyToXywh([10, 20, 30, 60])).toEqual([10, 20, 20, 40]);
  });

  it('what reaches out of the image is cut off', () => {
    expect(clip([-5, -1, 250, 50], IMAGE)).toEqual([0, 0, 200, 50]);
    expect(area(clip([210, 10, 250, 50], IMAGE))).toBe(0);
  });

  it('overlap is intersection over union: 1 for the same box, 0 for boxes that only touch', () => {
    const box: Xyxy = [0, 0, 10, 10];
    expect(iou(box, box)).toBe(1);
    expect(iou(box, [10, 0, 20, 10])).toBe(0);
    expect(iou(box, [5, 0, 15, 10])).toBeCloseTo(1 / 3);
  });

  it('along an axis two boxes share a length, which is negative for a gap', () => {
    expect(sharedLength([0, 0, 10, 10], [4, 12, 20, 20], 0)).toBe(6);
    expect(sharedLength([0, 0, 10, 10], [4, 12, 20, 20], 1)).toBe(-2);
  });

  it('the box around two boxes reaches to the outermost corners', () => {
    expect(enclose([0, 5, 10, 10], [4, 0, 20, 8])).toEqual([0, 0, 20, 10]);
  });

  it('rounding keeps the given number of decimals', () => {
    expect(round(1.005, 2)).toBeCloseTo(1, 1);
    expect(round(0.123456, 5)).toBe(0.12346);
    expect(round(-0.126, 2)).toBe(-0.13);
  });
});
