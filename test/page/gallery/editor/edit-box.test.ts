import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Size, Xyxy } from '../../../../src/core/box.js';
import {
  boxAt,
  boxBetween,
  handleAt,
  HANDLES,
  moveBox,
  placeOf,
  resizeBox,
  scaleBox,
} from '../../../../src/page/gallery/editor/geometry/edit-box.js';

const image: Size = { width: 640, height: 427 };
const coordinate = (limit: number) => fc.integer({ min: 0, max: limit * 100 }).map((steps) => steps / 100);
const boxes: fc.Arbitrary<Xyxy> = fc
  .tuple(coordinate(image.width), coordinate(image.height), coordinate(image.width), coordinate(image.height))
  .filter(([x1, y1, x2, y2]) => x2 - x1 >= 1 && y2 - y1 >= 1);
const distance = fc.double({ min: -1000, max: 1000, noNaN: true });
const handles = fc.constantFrom(...HANDLES);

describe('a box that is edited', () => {
  it('stays inside the image, in hundredths of a pixel, and no smaller than a pixel', () => {
    fc.assert(
      fc.property(boxes, handles, distance, distance, (box, handle, x, y) => {
        for (const edited of [
          moveBox(box, { x, y }, image),
          resizeBox(box, { handle, by: { x, y } }, image),
          boxBetween({ x, y }, { x: box[0], y: box[3] }, image),
        ]) {
          expect(edited[0]).toBeGreaterThanOrEqual(0);
          expect(edited[1]).toBeGreaterThanOrEqual(0);
          expect(edited[2]).toBeLessThanOrEqual(image.width);
          expect(edited[3]).toBeLessThanOrEqual(image.height);
          expect(edited[2] - edited[0]).toBeGreaterThanOrEqual(1 - 1e-9);
          expect(edited[3] - edited[1]).toBeGreaterThanOrEqual(1 - 1e-9);
          for (const value of edited) expect(value).toBe(Number(value.toFixed(2)));
        }
      }),
    );
  });

  it('has its own numbers again when it is moved there and back', () => {
    fc.assert(
      fc.property(boxes, distance, distance, (box, x, y) => {
        const moved = moveBox(box, { x, y }, image);
        const back = moveBox(moved, { x: box[0] - moved[0], y: box[1] - moved[1] }, image);
        expect(back).toEqual(box);
      }),
    );
  });

  it('keeps its size while it is moved, and its numbers where it is not', () => {
    fc.assert(
      fc.property(boxes, distance, (box, x) => {
        const moved = moveBox(box, { x, y: 0 }, image);
        expect(moved[2] - moved[0]).toBeCloseTo(box[2] - box[0], 8);
        expect([moved[1], moved[3]]).toEqual([box[1], box[3]]);
        expect(moveBox(box, { x: 0, y: 0 }, image)).toEqual(box);
      }),
    );
  });

  it('moves with a handle no other edges than those it holds', () => {
    fc.assert(
      fc.property(boxes, handles, distance, distance, (box, handle, x, y) => {
        const edited = resizeBox(box, { handle, by: { x, y } }, image);
        const held = [handle.includes('w'), handle.includes('n'), handle.includes('e'), handle.includes('s')];
        held.forEach((isHeld, i) => {
          if (!isHeld) expect(edited[i]).toBe(box[i]);
        });
      }),
    );
  });

  it('that is smaller than a pixel, as the model may draw one, is a pixel wide once it is changed', () => {
    const tiny: Xyxy = [639.8, 10, 640, 20];
    expect(resizeBox(tiny, { handle: 'e', by: { x: 0, y: 0 } }, image)).toEqual(tiny);
    expect(moveBox(tiny, { x: 0, y: 5 }, image)).toEqual([639.8, 15, 640, 25]);
    expect(moveBox([10, 10, 10.4, 20], { x: 2, y: 0 }, image)).toEqual([12, 10, 13, 20]);
    expect(resizeBox([10, 10, 10.4, 20], { handle: 'e', by: { x: 0.1, y: 0 } }, image)).toEqual([10, 10, 11, 20]);
    expect(resizeBox([10, 10, 10.4, 20], { handle: 'w', by: { x: 0.1, y: 0 } }, image)).toEqual([9.4, 10, 10.4, 20]);
  });
});

describe('the box at a point', () => {
  const large = { id: 'large', box: [0, 0, 400, 400] as Xyxy };
  const small = { id: 'small', box: [100, 100, 120, 120] as Xyxy };

  it('is the smallest of those there', () => {
    expect(boxAt([large, small], { x: 110, y: 110 }, 0)).toBe(small);
    expect(boxAt([small, large], { x: 110, y: 110 }, 0)).toBe(small);
    expect(boxAt([small, large], { x: 90, y: 90 }, 4)).toBe(large);
    expect(boxAt([small], { x: 97, y: 110 }, 4)).toBe(small);
    expect(boxAt([small], { x: 90, y: 110 }, 4)).toBeUndefined();
  });

  it('is held by a handle at its edges and corners, and moved from inside', () => {
    fc.assert(
      fc.property(boxes, handles, (box, handle) => {
        const place = placeOf(handle, box);
        expect(handleAt(box, place, 6)).toBe(handle);
        expect(handleAt(box, { x: (box[0] + box[2]) / 2, y: (box[1] + box[3]) / 2 }, 50)).toBeUndefined();
      }),
    );
  });
});

it('a box copied to an image of another size is scaled with it, and never cut', () => {
  const half = { width: 320, height: 213.5 };
  expect(scaleBox([10.13, 10, 20, 20], image, image)).toEqual([10.13, 10, 20, 20]);
  expect(scaleBox([10, 10, 20, 20], image, half)).toEqual([5, 5, 10, 10]);
  expect(scaleBox([100, 0, 640, 427], image, { width: 480, height: 854 })).toEqual([75, 0, 480, 854]);
  fc.assert(
    fc.property(boxes, (box) => {
      const [x1, y1, x2, y2] = scaleBox(box, image, half);
      expect(Math.min(x1, y1, x2 - x1 - 1, y2 - y1 - 1, half.width - x2, half.height - y2)).toBeGreaterThan(-1e-6);
    }),
  );
});
