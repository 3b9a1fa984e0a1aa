import { expect, it } from 'vitest';
import { HashedSet } from '../../src/formats/hashed-set.js';

it('a set reports which texts it has already, however many there are', () => {
  const set = new HashedSet();
  const texts = Array.from({ length: 100_000 }, (_, i) => `part-${i % 7}/image-${i}.jpg`);
  expect(texts.filter((text) => set.add(text))).toEqual(texts);
  expect(texts.filter((text) => set.add(text))).toEqual([]);
  expect(['', 'é', 'e\u0301', ''].map((text) => set.add(text))).toEqual([true, true, true, false]);
});
