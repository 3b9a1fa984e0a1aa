import { describe, expect, it } from 'vitest';
import { ChunkQueue, type PendingDetection } from '../../src/workers/chunk-queue.js';

function ticket(name: string, { queriesKey = 'a', crashes = 0 } = {}): PendingDetection {
  const image = { name, path: `/${name}` };
  return { image, queriesKey, crashes, since: 0, resolve: () => {}, reject: () => {}, isCancelled: () => false };
}

function batcherOf(
  maxBatchSize: number,
  tickets: readonly PendingDetection[],
): (outstanding: number) => string[] | undefined {
  const queue = new ChunkQueue(maxBatchSize);
  for (const one of tickets) queue.add(one);
  return (outstanding) => queue.next(outstanding)?.map(({ image }) => image.name);
}

describe('ChunkQueue', () => {
  it('deals out full batches in the order asked for; the rest leaves when a worker has nothing else to do', () => {
    const next = batcherOf(
      2,
      ['1', '2', '3'].map((name) => ticket(name)),
    );
    expect(next(1)).toEqual(['1', '2']);
    expect(next(1)).toBeUndefined();
    expect(next(0)).toEqual(['3']);
    expect(next(0)).toBeUndefined();
  });

  it('puts images together whatever is looked for in them', () => {
    const next = batcherOf(3, [ticket('1'), ticket('2', { queriesKey: 'b' }), ticket('3'), ticket('4')]);
    expect(next(1)).toEqual(['1', '2', '3']);
    expect(next(0)).toEqual(['4']);
  });

  it('gives suspects alone, first, and only to a worker with empty hands', () => {
    const next = batcherOf(2, [
      ticket('1'),
      ticket('2'),
      ticket('bad', { crashes: 1 }),
      ticket('worse', { crashes: 1 }),
    ]);
    expect(next(1)).toBeUndefined();
    expect(next(0)).toEqual(['bad']);
    expect(next(0)).toEqual(['worse']);
    expect(next(1)).toEqual(['1', '2']);
  });

  it('a batch that is not full leaves an idle worker waiting while more is coming, and nobody beyond its window', () => {
    const queue = new ChunkQueue(3, 50);
    expect(queue.due).toBeUndefined();
    queue.coming = 1;
    queue.add(ticket('1'));
    queue.add(ticket('2'));
    expect(queue.due).toBe(50); // since the first of them
    expect(queue.next(0, 49)).toBeUndefined();
    expect(queue.next(1, 50)?.map(({ image }) => image.name)).toEqual(['1', '2']);
    queue.add(ticket('3'));
    expect(queue.next(1, 49)).toBeUndefined();
    queue.coming = 0;
    expect(queue.next(1, 49)).toBeUndefined();
    expect(queue.next(0, 0)?.map(({ image }) => image.name)).toEqual(['3']); // nothing to wait for
  });

  it('takes out what is not wanted any more', () => {
    const queue = new ChunkQueue(2);
    const [first, second] = [ticket('1'), ticket('2', { crashes: 1 })];
    queue.add(first);
    queue.add(second);
    expect(queue.remove((one) => one === second)).toEqual([second]);
    expect(queue.next(0)).toEqual([first]);
    expect(queue.remove(() => true)).toEqual([]);
  });
});
