import { describe, expect, it } from 'vitest';
import { LruMap } from '../../src/core/lru.js';

it('an LRU map evicts the entry that was used least recently, and returns its key', () => {
  const map = new LruMap<string, number>(2);
  expect(map.set('a', 1)).toEqual([]);
  expect(map.set('b', 2)).toEqual([]);
  expect(map.get('a')).toBe(1);
  expect(map.set('c', 3)).toEqual(['b']);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([1, undefined, 3]);
  expect(map.set('a', 4)).toEqual([]); // it was there
  expect(map.set('d', 5)).toEqual(['c']);
});

describe('entries that are weighed', () => {
  const ten = () => new Uint8Array(10);

  it('are weighed once, also where the same one is set again', () => {
    const cache = new LruMap<string, Uint8Array>(30, ({ length }) => length);
    cache.set('a', ten());
    for (let i = 0; i < 5; i++) cache.set('a', ten());
    cache.set('b', ten());
    cache.set('c', ten());
    expect(['a', 'b', 'c'].map((key) => cache.get(key)?.length)).toEqual([10, 10, 10]);
  });

  it('give way to newer ones, the one that was used last at the end; what is larger than all is not kept', () => {
    const cache = new LruMap<string, Uint8Array>(30, ({ length }) => length);
    for (const key of ['a', 'b', 'c']) cache.set(key, ten());
    cache.get('a');
    cache.set('d', ten());
    cache.set('e', new Uint8Array(31));
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined)).toEqual(['a', 'c', 'd']);
  });
});
