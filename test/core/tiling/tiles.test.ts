import { describe, expect, it } from 'vitest';
import { describeTiles, planCrops, type Span, type TileOptions } from '../../../src/core/tiling/tiles.js';
import { Random } from '../../support/random.js';

const tiles = (size: number, overlap: number, fullImage = false): TileOptions => ({
  height: size,
  width: size,
  overlap,
  fullImage,
});
const columns = (width: number, options: TileOptions): Span[] =>
  planCrops({ width, height: 1 }, options).map(({ x }) => x);

describe('the tiles of an image', () => {
  it('are spread evenly, from border to border', () => {
    const spans = columns(1000, tiles(400, 0.25)).map(({ from, to }) => [from, to]);
    expect(spans).toEqual([
      [0, 400],
      [300, 700],
      [600, 1000],
    ]);
  });

  it('come row by row, after the whole image where that is requested', () => {
    const corners = planCrops({ width: 300, height: 200 }, tiles(150, 0, true)).map(({ x, y }) => [
      x.from,
      y.from,
      x.to,
      y.to,
    ]);
    expect(corners).toEqual([
      [0, 0, 300, 200],
      [0, 0, 150, 150],
      [150, 0, 300, 150],
      [0, 50, 150, 200],
      [150, 50, 300, 200],
    ]);
  });

  it('state where their neighbours begin and end, and have none beyond the image', () => {
    const [first, second, third] = columns(1000, tiles(400, 0.25));
    expect(first).toEqual({ from: 0, to: 400, after: 300 });
    expect(second).toEqual({ from: 300, to: 700, before: 400, after: 600 });
    expect(third).toEqual({ from: 600, to: 1000, before: 700 });
  });

  it('are one crop for an image no larger than a tile, and for every image without tiling', () => {
    const whole = (width: number, height: number) => [{ x: { from: 0, to: width }, y: { from: 0, to: height } }];
    expect(planCrops({ width: 640, height: 480 }, tiles(640, 0.5, true))).toEqual(whole(640, 480));
    expect(planCrops({ width: 1, height: 1 }, tiles(640, 0.5))).toEqual(whole(1, 1));
    expect(planCrops({ width: 9000, height: 9000 })).toEqual(whole(9000, 9000));
  });

  it('divide only the axis along which the image is larger than a tile', () => {
    const spans = planCrops({ width: 1000, height: 300 }, tiles(400, 0.25, true));
    expect(spans.map(({ y }) => y)).toEqual(spans.map(() => ({ from: 0, to: 300 })));
    expect(spans).toHaveLength(1 + 3);
  });

  it('cover every pixel, overlap as requested, stay inside and are as few as possible, for random sizes', () => {
    const random = new Random(5);
    const below = (limit: number) => Math.floor(unit(random) * limit);
    for (let round = 0; round < 400; round++) {
      const side = 32 + below(400);
      const length = 1 + below(3000);
      const overlap = below(81) / 100;
      const spans = columns(length, { height: 1, width: side, overlap, fullImage: false });
      const detail = `${length} pixels in tiles of ${side}, overlap ${overlap}`;
      expect(spans[0]!.from, detail).toBe(0);
      expect(spans.at(-1)!.to, detail).toBe(length);
      for (const [i, { from, to, before, after }] of spans.entries()) {
        expect(to - from, detail).toBe(Math.min(side, length));
        expect(before, detail).toBe(spans[i - 1]?.to);
        expect(after, detail).toBe(spans[i + 1]?.from);
        if (after === undefined) continue;
        expect(to - after, detail).toBeGreaterThanOrEqual(side * overlap - 1e-6);
        expect(after, detail).toBeGreaterThan(from);
      }
      const one = spans.length;
      const reach = side + (one - 2) * Math.floor(side * (1 - overlap) + 1e-6); // of one tile fewer
      if (one > 1) expect(reach, detail).toBeLessThan(length);
    }
  });

  it('are described in words', () => {
    expect(describeTiles({ height: 480, width: 640, overlap: 0.2, fullImage: true })).toBe(
      'Images larger than 480 x 640 (height x width) are cut into tiles of that size that overlap by at least 20 %, ' +
        'and looked at as a whole too.',
    );
  });
});

/** In [0, 1). */
function unit(random: Random): number {
  return (random.uniform() + 1) / 2;
}
