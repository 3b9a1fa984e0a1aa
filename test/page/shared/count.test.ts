import { describe, expect, it } from 'vitest';
import { countBoxes, counted, formatCount } from '../../../src/page/shared/count.js';

describe('a count on a page', () => {
  it('has its noun in the singular for one alone', () => {
    expect([0, 1, 2].map((count) => counted(count, 'image'))).toEqual(['0 images', '1 image', '2 images']);
    expect([0, 1, 2].map(countBoxes)).toEqual(['no boxes', '1 box', '2 boxes']);
  });

  it('has its thousands apart', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(counted(10_000, 'box', 'boxes')).toBe('10,000 boxes');
  });
});
