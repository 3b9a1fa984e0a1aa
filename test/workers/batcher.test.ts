import { describe, expect, it } from 'vitest';
import { Batcher, type Ticket } from '../../src/workers/batcher.js';

function ticket(name: string, { queriesKey = 'a', crashes = 0 } = {}): Ticket {
  const image = { name, path: `/${name}` };
  return { image, queriesKey, crashes, resolve: () => {}, reject: () => {}, isGivenUp: () => false };
}

function batcherOf(maxBatchSize: number, tickets: readonly Ticket[]): (outstanding: number) => string[] | undefined {
  const batcher = new Batcher(maxBatchSize);
  for (const one of tickets) batcher.add(one);
  return (outstanding) => batcher.next(outstanding)?.map(({ image }) => image.name);
}

describe('Batcher', () => {
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

  it('never mixes ontologies in a batch', () => {
    const next = batcherOf(3, [
      ticket('1'),
      ticket('2'),
      ticket('3', { queriesKey: 'b' }),
      ticket('4', { queriesKey: 'b' }),
    ]);
    expect(next(1)).toEqual(['1', '2']);
    expect(next(0)).toEqual(['3', '4']);
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

  it('takes out what is not wanted any more', () => {
    const batcher = new Batcher(2);
    const [first, second] = [ticket('1'), ticket('2', { crashes: 1 })];
    batcher.add(first);
    batcher.add(second);
    expect(batcher.remove((one) => one === second)).toEqual([second]);
    expect(batcher.next(0)).toEqual([first]);
    expect(batcher.remove(() => true)).toEqual([]);
  });
});
