import { expect, it } from 'vitest';
import { UseTimes } from '../../src/features/use-times.js';

it('finds the time up to which files go, to the millisecond for few files', () => {
  const times = new UseTimes();
  for (const time of [5000, 1000, 3000, 3000]) times.add(time, 10);
  expect([1, 10, 11, 30, 31, 41].map((bytes) => times.findLast(bytes))).toEqual([
    1000,
    1000,
    3000,
    3000,
    5000,
    Infinity,
  ]);
});

it('stays small for a million files, and errs by a little towards removing more', () => {
  const times = new UseTimes();
  const begin = 1.7e12;
  for (let file = 0; file < 1_000_000; file++) times.add(begin + file * 400, 1);
  expect(times.bytes).toBe(1_000_000);
  expect(times.findLast(1) - begin, 'times are kept in steps').toBeGreaterThan(400 * 50);
  const removed = (times.findLast(100_000) - begin) / 400;
  expect(removed).toBeGreaterThanOrEqual(99_999);
  expect(removed).toBeLessThan(100_600);
});
