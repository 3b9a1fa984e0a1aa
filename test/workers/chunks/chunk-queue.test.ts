import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChunkQueue } from '../../../src/workers/chunks/chunk-queue.js';
import { PendingDetection } from '../../../src/workers/pending-detection.js';

beforeEach(() => vi.useFakeTimers({ now: 0 }));
afterEach(() => vi.useRealTimers());

function pendingImage(name: string, { queriesKey = 'a', isSuspect = false } = {}): PendingDetection {
  const queries = { key: queriesKey, embeddings: new Float32Array(), classIds: [], examples: [] };
  const pending = new PendingDetection({ name }, queries, new AbortController().signal);
  if (isSuspect) pending.deaths.add({ how: 'exit code 1', stderr: '', wasKilled: false }, 0);
  return pending;
}

const namesOf = (chunk: readonly PendingDetection[] | undefined) => chunk?.map(({ image }) => image.name);

function queueOf(chunkSize: number, images: readonly PendingDetection[]): (inFlight: number) => string[] | undefined {
  const queue = new ChunkQueue(chunkSize);
  for (const image of images) queue.add(image);
  return (inFlight) => namesOf(queue.next(inFlight));
}

describe('a chunk queue', () => {
  it('uses a new chunk size at once', () => {
    const queue = new ChunkQueue(1);
    for (const name of ['1', '2', '3', '4']) queue.add(pendingImage(name));
    expect(namesOf(queue.next(1))).toEqual(['1']);
    queue.chunkSize = 2;
    expect(namesOf(queue.next(1))).toEqual(['2', '3']);
    expect(queue.next(1)).toBeUndefined(); // one image is no full chunk any more
    expect(namesOf(queue.next(0))).toEqual(['4']);
  });

  it('hands out full chunks in the order of the calls, and the rest when a worker has no work', () => {
    const next = queueOf(
      2,
      ['1', '2', '3'].map((name) => pendingImage(name)),
    );
    expect(next(1)).toEqual(['1', '2']);
    expect(next(1)).toBeUndefined();
    expect(next(0)).toEqual(['3']);
    expect(next(0)).toBeUndefined();
  });

  it('puts images with different queries into one chunk', () => {
    const images = [pendingImage('1'), pendingImage('2', { queriesKey: 'b' }), pendingImage('3'), pendingImage('4')];
    const next = queueOf(3, images);
    expect(next(1)).toEqual(['1', '2', '3']);
    expect(next(0)).toEqual(['4']);
  });

  it('hands out images that a worker died with first, each alone, and only to a worker with no work', () => {
    const next = queueOf(2, [
      pendingImage('1'),
      pendingImage('2'),
      pendingImage('bad', { isSuspect: true }),
      pendingImage('worse', { isSuspect: true }),
    ]);
    expect(next(1)).toBeUndefined();
    expect(next(0)).toEqual(['bad']);
    expect(next(0)).toEqual(['worse']);
    expect(next(1)).toEqual(['1', '2']);
  });

  it('holds a chunk that is not full back while more images are expected, but not beyond its window', () => {
    const queue = new ChunkQueue(3, 50);
    expect(queue.due).toBeUndefined();
    queue.expected = 1;
    queue.add(pendingImage('1'));
    vi.advanceTimersByTime(30);
    queue.add(pendingImage('2'));
    expect(queue.due).toBe(50); // since the first of them
    vi.advanceTimersByTime(19);
    expect(queue.next(0)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(namesOf(queue.next(1))).toEqual(['1', '2']);
    queue.add(pendingImage('3'));
    vi.advanceTimersByTime(49);
    expect(queue.next(1)).toBeUndefined();
    queue.expected = 0;
    expect(queue.next(1)).toBeUndefined();
    expect(namesOf(queue.next(0))).toEqual(['3']); // nothing to wait for
  });

  it('removes images that are cancelled, and all of them when it is cleared', () => {
    const queue = new ChunkQueue(2);
    const [first, second] = [pendingImage('1'), pendingImage('2', { isSuspect: true })];
    queue.add(first);
    queue.add(second);
    expect(queue.remove(second)).toBe(true);
    expect(queue.remove(second)).toBe(false);
    expect(queue.size).toBe(1);
    expect(queue.clear()).toEqual([first]);
    expect(queue.size).toBe(0);
  });
});
