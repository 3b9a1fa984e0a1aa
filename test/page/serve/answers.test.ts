import { describe, expect, it } from 'vitest';
import { filterAbove, initialThresholdOf } from '../../../src/page/serve/answers.js';
import { INFO } from './info.js';

describe('the threshold of the page', () => {
  it('leaves out boxes whose score equals it, as the server does', () => {
    const found = [0.9, 0.5, 0.3].map((score) => ({
      score,
      label: 'cup',
      prompt: 'a cup',
      box: [0, 0, 1, 1] as const,
    }));
    expect(filterAbove(found, 0.5).map(({ score }) => score)).toEqual([0.9]);
  });

  it('starts at the lowest threshold of the classes, and not below the floor of the server', () => {
    expect(initialThresholdOf(INFO)).toBe(0.3);
    expect(initialThresholdOf({ ...INFO, score_floor: 0.6 })).toBe(0.6);
  });
});
