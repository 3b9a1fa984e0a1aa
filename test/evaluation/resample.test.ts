import { expect, it } from 'vitest';
import { Random } from '../support/random.js';
import { drawSets, estimate } from '../../src/evaluation/resample.js';

it('a set has as many images as there are, some of them twice, and depends on the seed alone', () => {
  const sets = drawSets(50, { count: 20, seed: 1 });
  for (const set of sets) expect(set.reduce((sum, weight) => sum + weight, 0)).toBe(50);
  expect(sets.some((set) => set.includes(2))).toBe(true);
  expect(drawSets(50, { count: 20, seed: 1 })).toEqual(sets);
  expect(drawSets(50, { count: 20, seed: 2 })).not.toEqual(sets);
});

it('the interval of a mean holds the true mean in about 95 of 100 samples', () => {
  const random = new Random(7);
  let held = 0;
  const samples = 400;
  for (let sample = 0; sample < samples; sample++) {
    const values = Array.from({ length: 60 }, () => random.uniform());
    const means = drawSets(60, { count: 300, seed: sample }).map(
      (weights) => values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / 60,
    );
    const { low, high } = estimate(values.reduce((sum, value) => sum + value, 0) / 60, means);
    if (low <= 0 && high >= 0) held++;
  }
  expect(held / samples).toBeGreaterThan(0.91);
  expect(held / samples).toBeLessThan(0.98);
});

it('the interval holds the figure also where resampled sets are all better', () => {
  const { value, low, high } = estimate(5, [6, 8]);
  expect(value).toBe(5);
  expect([low, high]).toEqual([expect.closeTo(5 - 1.96 * Math.SQRT2, 10), expect.closeTo(5 + 1.96 * Math.SQRT2, 10)]);
});
