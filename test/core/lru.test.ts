import { expect, it } from 'vitest';
import { LruMap } from '../../src/core/lru.js';

it('an LRU map evicts the entry that was used least recently, and returns its key', () => {
  const map = new LruMap<string, number>(2);
  expect(map.set('a', 1)).toBeUndefined();
  expect(map.set('b', 2)).toBeUndefined();
  expect(map.get('a')).toBe(1);
  expect(map.set('c', 3)).toBe('b');
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  expect(map.set('a', 4)).toBeUndefined(); // it was there
  expect(map.set('d', 5)).toBe('c');
});
