import { expect, it } from 'vitest';
import { countCrops, planCrops } from '../../../src/core/tiling/tiles.js';

it('crops are counted as they are planned, and those of an image of any size without planning them', () => {
  const tiles = { height: 32, width: 40, overlap: 0.1, fullImage: true };
  for (const options of [undefined, tiles, { ...tiles, overlap: 0.9 }, { ...tiles, fullImage: false }]) {
    for (let side = 1; side < 200; side += 7) {
      const size = { width: side, height: 200 - side };
      expect(countCrops(size, options)).toBe(planCrops(size, options).length);
    }
  }
  expect(countCrops({ width: 2 ** 40, height: 2 ** 40 }, tiles)).toBeGreaterThan(2 ** 60);
});
