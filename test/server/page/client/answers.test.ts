import { describe, expect, it } from 'vitest';
import { filterAbove, initialThresholdOf, type Info } from '../../../../src/server/page/client/answers.js';

const INFO: Info = {
  preannotate: '1.0.0',
  model: { reference: 'a' },
  classes: [
    { name: 'cup', id: 3, prompts: ['a cup'], threshold: 0.4 },
    { name: 'pen', id: 1, prompts: ['a pen'], threshold: 0.3 },
  ],
  templates: ['a photo of {}'],
  ignore: ['a picture of a cup', 'a pen holder'],
  score_floor: 0.05,
  server: { max_image_bytes: 1 },
};

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
