import { describe, expect, it } from 'vitest';
import type { FetchSettings } from '../../../src/images/remote/fetch-settings.js';
import { ByteCache } from '../../../src/review/images/byte-cache.js';
import { FetchedImages } from '../../../src/review/images/fetched-images.js';
import type { ImageRecord } from '../../../src/run/record.js';

describe('the images that were looked at last', () => {
  const ten = () => new Uint8Array(10);

  it('are counted once, also where two fetches give the same one', () => {
    const cache = new ByteCache(30);
    cache.set('a', ten());
    for (let i = 0; i < 5; i++) cache.set('a', ten());
    cache.set('b', ten());
    cache.set('c', ten());
    expect(['a', 'b', 'c'].map((key) => cache.get(key)?.length)).toEqual([10, 10, 10]);
  });

  it('give way to newer ones, the one that was used last at the end; what is larger than all is not kept', () => {
    const cache = new ByteCache(30);
    for (const key of ['a', 'b', 'c']) cache.set(key, ten());
    cache.get('a');
    cache.set('d', ten());
    cache.set('e', new Uint8Array(31));
    expect(['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined)).toEqual(['a', 'c', 'd']);
  });
});

it('ends a review without an error where nothing could be fetched', async () => {
  const images = new FetchedImages(() => ({}) as FetchSettings); // with which nothing can be opened
  const record = { image: 'a.jpg', url: 'https://example.org/a.jpg', sha256: 'a' } as ImageRecord;
  await expect(images.get(record, new AbortController().signal)).rejects.toThrow();
  await expect(images[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
