import { expect, it } from 'vitest';
import type { FetchSettings } from '../../../src/images/remote/fetch-settings.js';
import { FetchedImages } from '../../../src/review/images/fetched-images.js';
import type { ImageRecord } from '../../../src/run/record.js';

it('ends a review without an error where nothing could be fetched', async () => {
  const images = new FetchedImages(() => ({}) as FetchSettings); // with which nothing can be opened
  const record = { image: 'a.jpg', url: 'https://example.org/a.jpg', sha256: 'a' } as ImageRecord;
  await expect(images.get(record, new AbortController().signal)).rejects.toThrow();
  await expect(images[Symbol.asyncDispose]()).resolves.toBeUndefined();
});
