import { describe, expect, it } from 'vitest';
import { formatCoco, formatYolo } from '../../../src/page/serve/annotations.js';
import { toFoundBoxes } from '../../../src/page/serve/answers.js';

describe('an annotation that the page writes', () => {
  const classes = [
    { name: 'naïve 🙂', id: 7, prompts: [] },
    { name: 'a', id: 2, prompts: [] },
  ];
  const answer = {
    boxes: [[0, 0, 10, 20] as const, [99.999, 0, 100, 50] as const, [99.999, 0, 100, 50] as const],
    scores: [0.9, 0.5, 0.3],
    labels: ['naïve 🙂', 'a', 'a'],
    prompts: ['p', 'q', 'r'],
    width: 100,
    height: 50,
  };
  const annotated = { name: 'ü.jpg', width: 100, height: 50, found: toFoundBoxes(answer), classes };
  const origin = { version: '1.0.0', model: 'm', date: new Date('2026-01-02T03:04:05Z') };

  it('has 6 decimals and class numbers from 0 in YOLO lines, where no line is repeated and thin boxes are kept', () => {
    expect(formatYolo(annotated)).toBe(
      '1 0.050000 0.200000 0.100000 0.400000\n0 0.999995 0.500000 0.000010 1.000000\n',
    );
  });

  it('is ASCII in COCO JSON, with ids from 1', () => {
    const text = formatCoco(annotated, origin);
    expect(text).toMatch(/^[\n -~]*$/);
    const { info, images, categories, annotations } = JSON.parse(text) as Record<string, { id: number }[]>;
    expect(info).toMatchObject({ year: 2026, date_created: '2026-01-02T03:04:05.000Z' });
    expect(images).toEqual([{ id: 1, file_name: 'ü.jpg', width: 100, height: 50 }]);
    expect(categories!.map(({ id }) => id)).toEqual([2, 7]);
    expect(annotations!.map(({ id }) => id)).toEqual([1, 2, 3]);
    expect(annotations![0]).toMatchObject({ category_id: 7, bbox: [0, 0, 10, 20], area: 200 });
    const nothing = JSON.parse(formatCoco({ ...annotated, found: [] }, origin)) as object;
    expect(nothing).toMatchObject({ annotations: [] });
  });
});
