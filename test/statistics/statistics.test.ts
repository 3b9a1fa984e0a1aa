import { describe, expect, it } from 'vitest';
import { Histogram } from '../../src/statistics/histogram.js';
import { StatisticsCounter } from '../../src/statistics/statistics.js';
import { randomNumbers } from '../formats/views.js';

/** As NumPy's `quantile`, by sorting. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(rank)]!, sorted[Math.ceil(rank)]!];
  return below + (above - below) * (rank - Math.floor(rank));
}

describe('a histogram', () => {
  it.each([1, 2, 3, 4, 5, 100, 1001])('has the quartiles of %i values', (count) => {
    const random = randomNumbers(count);
    const values = Array.from({ length: count }, () => Math.round(random() ** 2 * 1e5) / 1e5);
    const histogram = new Histogram(5);
    values.forEach((value) => histogram.add(value));
    const { min, q1, median, q3, max } = histogram.spread()!;
    [min, q1, median, q3, max].forEach((value, i) => expect(value).toBeCloseTo(quantile(values, i / 4), 5));
  });

  it('has none without values', () => {
    expect(new Histogram(5).spread()).toBeUndefined();
  });
});

describe('statistics', () => {
  const box = (side: number, score?: number, className = 'cup') => ({ className, width: side, height: side, score });

  it('count images, boxes by size and class, and what a threshold leaves', () => {
    const counter = new StatisticsCounter([{ name: 'cup', id: 1 }, { name: 'dog' }]);
    counter.add({ width: 100, height: 100, part: 'train', boxes: [box(31.9, 0.9), box(32, 0.5), box(96, 0.3)] });
    counter.add({ width: 100, height: 100, part: 'val', boxes: [] });
    counter.add({ boxes: [box(95, 0.05, 'cow')] });
    const found = counter.statistics();
    expect(found).toMatchObject({
      images: 3,
      images_with_boxes: 2,
      images_without_boxes: 1,
      images_by_part: { train: 1, val: 1 },
      boxes: 4,
      boxes_per_image: { min: 0, median: 1, max: 3 },
      box_sizes: { small: 1, medium: 2, large: 1, relative: { min: 0.319, median: 0.32, max: 0.96 } },
      image_sizes: { different: 1, common: [{ width: 100, height: 100, images: 2 }], unknown: 1 },
    });
    expect(found.classes).toEqual([
      { name: 'cup', id: 1, boxes: 3, images: 1, scores: { min: 0.3, q1: 0.4, median: 0.5, q3: 0.7, max: 0.9 } },
      { name: 'dog', boxes: 0, images: 0, scores: null },
      { name: 'cow', boxes: 1, images: 1, scores: expect.objectContaining({ median: 0.05 }) as unknown },
    ]);
    expect(found.thresholds).toHaveLength(18);
    expect(found.thresholds[0]).toEqual({ threshold: 0.05, boxes: 3, images_with_boxes: 1 });
    expect(found.thresholds.find(({ threshold }) => threshold === 0.5)).toMatchObject({ boxes: 1 });
    expect(found.thresholds.at(-1)).toEqual({ threshold: 0.9, boxes: 0, images_with_boxes: 0 });
  });

  it('list parts in the order train, val, test, whichever image comes first', () => {
    const counter = new StatisticsCounter([]);
    for (const part of ['extra', 'test', 'val', 'test', 'train']) counter.add({ part, boxes: [] });
    const { images_by_part: parts } = counter.statistics();
    expect(Object.entries(parts!)).toEqual([
      ['train', 1],
      ['val', 1],
      ['test', 2],
      ['extra', 1],
    ]);
  });

  it('have no thresholds without scores, nor below what is known', () => {
    const plain = new StatisticsCounter([]);
    plain.add({ boxes: [box(9)] });
    expect(plain.statistics().thresholds).toEqual([]);
    const floored = new StatisticsCounter([], 0.3);
    floored.add({ boxes: [box(9, 0.8)] });
    expect(floored.statistics().thresholds[0]).toEqual({ threshold: 0.3, boxes: 1, images_with_boxes: 1 });
  });
});
