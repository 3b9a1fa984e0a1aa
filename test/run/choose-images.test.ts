import { describe, expect, it } from 'vitest';
import { chooseImages, countChosen } from '../../src/run/choose-images.js';

const images = Array.from({ length: 100 }, (_, i) => ({ name: `photo-${String(i).padStart(3, '0')}.jpg` }));

describe('--limit', () => {
  it('takes the first images by name', () => {
    expect(chooseImages(images, { limit: 3 })).toEqual(images.slice(0, 3));
    expect(chooseImages(images, { limit: 1000 })).toEqual(images);
  });
});

describe('--sample', () => {
  it('takes images from all over the list, in the order of their names', () => {
    const sample = chooseImages(images, { sample: 20 });
    expect(sample).toHaveLength(20);
    expect(images.filter((image) => sample.includes(image))).toEqual(sample);
    expect(sample.filter((image) => images.indexOf(image) >= 50).length).toBeGreaterThan(4);
  });

  it('takes the same images again, and more with a larger number', () => {
    const sample = chooseImages(images, { sample: 20 });
    expect(chooseImages(images, { sample: 20 })).toEqual(sample);
    expect(chooseImages(images, { sample: 40 })).toEqual(expect.arrayContaining([...sample]));
  });

  it('depends on the names alone: other images replace none but those they come before', () => {
    const sample = chooseImages(images, { sample: 20 });
    const more = [...images, { name: 'zebra.jpg' }];
    const changed = chooseImages(more, { sample: 20 }).filter((image) => !sample.includes(image));
    expect(changed.length).toBeLessThanOrEqual(1);
  });
});

describe('the number of chosen images', () => {
  it.each([
    [{}, 100],
    [{ limit: 20 }, 20],
    [{ sample: 7 }, 7],
    [{ limit: 200 }, 100],
  ])('with %j is %d of 100', (choice, expected) => {
    expect(countChosen(100, choice)).toBe(expected);
    expect(chooseImages(images, choice)).toHaveLength(expected);
  });
});
