import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseImages, countChosen, describeChoice, partOf } from '../../src/run/choose-images.js';

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

describe('--shard', () => {
  const namesOf = (chosen: readonly { name: string }[]) => chosen.map(({ name }) => name);

  it('puts every image into exactly one of n parts, whatever --limit or --sample leave', () => {
    const names = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1 }), { maxLength: 60 });
    const choices = fc.oneof(
      fc.constant({}),
      fc.record({ limit: fc.integer({ min: 1, max: 80 }) }),
      fc.record({ sample: fc.integer({ min: 1, max: 80 }) }),
    );
    fc.assert(
      fc.property(names, fc.integer({ min: 1, max: 50 }), choices, (all, count, choice) => {
        const found = all.map((name) => ({ name }));
        const parts = Array.from({ length: count }, (_, i) =>
          namesOf(chooseImages(found, { ...choice, shard: { index: i + 1, count } })),
        );
        expect(parts.flat().sort()).toEqual(namesOf(chooseImages(found, choice)).sort());
      }),
    );
  });

  it('gives an image the same part for ever', () => {
    expect(['a.jpg', 'sub/b.png', 'Größe 1.jpg', '写真/01.jpg'].map((name) => partOf(name, 4))).toEqual([3, 3, 1, 2]);
    expect(partOf('a.jpg', 1)).toBe(1);
    expect(partOf('a.jpg', 1000)).toBe(759);
  });

  it('divides evenly', () => {
    const sizes = [1, 2, 3, 4].map((index) => chooseImages(images, { shard: { index, count: 4 } }).length);
    for (const size of sizes) expect(size).toBeGreaterThan(12);
  });

  it('is described as it is written', () => {
    expect(describeChoice({ shard: { index: 2, count: 4 } })).toBe('--shard 2/4');
    expect(describeChoice({ limit: 20, shard: { index: 2, count: 4 } })).toBe('--limit 20 --shard 2/4');
  });
});
