import { expect, it } from 'vitest';
import { NumberSet } from '../../../src/run/entries/number-set.js';

it('a set has the numbers that were added, small and large, and reports those that it has already', () => {
  const set = new NumberSet();
  const numbers = [1, 7, 8, 1023, 1024, 5_000_000, 2 ** 27 - 1, 2 ** 27, 2 ** 40, Number.MAX_SAFE_INTEGER];
  for (const number of numbers) expect([number, set.has(number), set.add(number)]).toEqual([number, false, true]);
  for (const number of numbers) expect([number, set.has(number), set.add(number)]).toEqual([number, true, false]);
  for (const number of [2, 9, 1022, 1025, 4_999_999, 2 ** 27 + 1, 2 ** 40 + 1]) expect(set.has(number)).toBe(false);
});
