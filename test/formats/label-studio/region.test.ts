import { describe, expect, it } from 'vitest';
import type { Xyxy } from '../../../src/core/box.js';
import { regionsOf, taskScoreOf } from '../../../src/formats/label-studio/region.js';

const tags = { fromName: 'label', toName: 'image' };
const shown = (box: Xyxy) => ({ box, label: 'car', score: 0.5 });

describe('Label Studio regions', () => {
  it('are in percent of the image, and end at its edge where the box does', () => {
    const size = { width: 3, height: 7 };
    const boxes: Xyxy[] = [
      [0, 0, 3, 7],
      [1, 2.5, 3, 7],
    ];
    const [whole, corner] = regionsOf(boxes.map(shown), size, { tags, image: 'a.jpg' });
    expect(whole!.value).toEqual({ x: 0, y: 0, width: 100, height: 100, rotation: 0, rectanglelabels: ['car'] });
    expect(corner!.value).toMatchObject({ x: 33.33333, width: 66.66667, y: 35.71429, height: 64.28571 });
    expect(whole).toMatchObject({ original_width: 3, original_height: 7, from_name: 'label', to_name: 'image' });
  });

  it('keep a box to a hundredth of a pixel, in the largest possible image', () => {
    const size = { width: 20_000, height: 10_000 };
    const box: Xyxy = [12_345.67, 0.01, 19_999.99, 9_876.54];
    const [{ value }] = regionsOf([shown(box)], size, { tags, image: '' }) as [ReturnType<typeof regionsOf>[number]];
    expect((value.x / 100) * size.width).toBeCloseTo(box[0], 2);
    expect((value.y / 100) * size.height).toBeCloseTo(box[1], 2);
    expect(((value.x + value.width) / 100) * size.width).toBeCloseTo(box[2], 2);
    expect(((value.y + value.height) / 100) * size.height).toBeCloseTo(box[3], 2);
  });

  it('are a rectangle and its labels, which share an id and a place, where two controls make them', () => {
    const size = { width: 4, height: 4 };
    const box: Xyxy = [1, 1, 3, 3];
    const image = 'a.jpg';
    const [rectangle, labels, next] = regionsOf([shown(box), shown(box)], size, {
      tags: { ...tags, rectangleName: 'box' },
      image,
    });
    const place = { x: 25, y: 25, width: 50, height: 50, rotation: 0 };
    expect(rectangle).toMatchObject({ type: 'rectangle', from_name: 'box', to_name: 'image' });
    expect(rectangle!.value).toEqual(place);
    expect(labels).toMatchObject({ id: rectangle!.id, type: 'labels', from_name: 'label', to_name: 'image' });
    expect(labels!.value).toEqual({ ...place, labels: ['car'] });
    expect(next!.id).not.toBe(rectangle!.id);
  });

  it('have stable ids that no two images or boxes share', () => {
    const boxes = Array.from({ length: 50 }, () => shown([0, 0, 1, 1]));
    const idsOf = (image: string) => regionsOf(boxes, { width: 2, height: 2 }, { tags, image }).map(({ id }) => id);
    const all = ['1', '2', '11', 'a.jpg'].flatMap(idsOf);
    expect(new Set(all).size).toBe(200);
    expect(idsOf('1')).toEqual(all.slice(0, 50));
  });

  it('give their task the mean of their scores, and 0 without regions', () => {
    expect(taskScoreOf([0.9, 0.5, 0.4])).toBe(0.6);
    expect(taskScoreOf([])).toBe(0);
  });
});
