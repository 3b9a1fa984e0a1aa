import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fitView,
  limitView,
  panBy,
  reveal,
  toImage,
  toStage,
  viewOfBox,
  zoomAt,
  type Frame,
} from '../../../../src/page/shared/zoom/view.js';

const side = fc.integer({ min: 1, max: 20_000 });
const frames: fc.Arbitrary<Frame> = fc.record({
  image: fc.record({ width: side, height: side }),
  stage: fc.record({ width: fc.integer({ min: 40, max: 4000 }), height: fc.integer({ min: 40, max: 3000 }) }),
});
const share = fc.double({ min: 0, max: 1, noNaN: true });

describe('what part of an image is shown', () => {
  it('is all of it at first, in the middle', () => {
    fc.assert(
      fc.property(frames, (frame) => {
        const view = fitView(frame);
        const end = toStage(view, { x: frame.image.width, y: frame.image.height });
        expect(view.x).toBeGreaterThanOrEqual(-1e-6);
        expect(end.x).toBeLessThanOrEqual(frame.stage.width + 1e-6);
        expect(view.y + end.y).toBeCloseTo(frame.stage.height, 5);
      }),
    );
  });

  it('keeps the point under the pointer while zooming, where the image covers the stage', () => {
    const frame = { image: { width: 4000, height: 3000 }, stage: { width: 800, height: 600 } };
    fc.assert(
      fc.property(share, share, fc.double({ min: 1, max: 5, noNaN: true }), (x, y, factor) => {
        const view = limitView({ scale: 2, x: -2000, y: -1800 }, frame);
        const at = { x: x * 800, y: y * 600 };
        const before = toImage(view, at);
        const after = toImage(zoomAt(view, { factor, at }, frame), at);
        expect(after.x).toBeCloseTo(before.x, 6);
        expect(after.y).toBeCloseTo(before.y, 6);
      }),
    );
  });

  it('converts points there and back', () => {
    fc.assert(
      fc.property(frames, share, share, (frame, x, y) => {
        const view = fitView(frame);
        const point = { x: x * frame.image.width, y: y * frame.image.height };
        const back = toImage(view, toStage(view, point));
        expect(back.x).toBeCloseTo(point.x, 5);
        expect(back.y).toBeCloseTo(point.y, 5);
      }),
    );
  });

  it('never leaves the stage without the image, however far it is moved or zoomed', () => {
    const steps = fc.array(fc.tuple(share, share, fc.double({ min: 0.01, max: 100, noNaN: true })), { maxLength: 8 });
    fc.assert(
      fc.property(frames, steps, (frame, moves) => {
        const { image, stage } = frame;
        let view = fitView(frame);
        for (const [x, y, factor] of moves) {
          view = zoomAt(view, { factor, at: { x: x * stage.width, y: y * stage.height } }, frame);
          view = panBy(view, { x: (x - 0.5) * 1e5, y: (y - 0.5) * 1e5 }, frame);
        }
        for (const [offset, length, available] of [
          [view.x, image.width * view.scale, stage.width],
          [view.y, image.height * view.scale, stage.height],
        ] as const) {
          expect(offset).toBeLessThan(available);
          expect(offset + length).toBeGreaterThan(0);
          if (length <= available) expect(offset).toBeCloseTo((available - length) / 2, 5);
        }
      }),
    );
  });

  it('moves just enough to show a box that was selected, and not at all where it is seen', () => {
    const frame = { image: { width: 4000, height: 3000 }, stage: { width: 800, height: 600 } };
    const view = limitView({ scale: 1, x: -500, y: -500 }, frame);
    expect(reveal(view, [600, 600, 700, 700], frame)).toBe(view);
    const moved = reveal(view, [1400, 600, 1500, 700], frame);
    expect(moved.y).toBe(view.y);
    expect(toStage(moved, { x: 1500, y: 700 }).x).toBe(788);
    expect(toStage(viewOfBox([1400, 600, 1500, 700], frame), { x: 1450, y: 650 })).toEqual({ x: 400, y: 300 });
  });
});
