import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { mapConcurrent, mapInBatches, mapInOrder, untilAborted } from '../../src/core/stream.js';

describe('mapConcurrent', () => {
  it('never has more calls in flight than its limit, and loses none', async () => {
    let inFlight = 0;
    let most = 0;
    const results: number[] = [];
    const mapped = mapConcurrent(
      Array.from({ length: 50 }, (_, i) => i),
      7,
      async (i) => {
        most = Math.max(most, ++inFlight);
        await sleep((i * 7) % 5);
        inFlight--;
        return i;
      },
    );
    for await (const result of mapped) results.push(result);
    expect(most).toBe(7);
    expect(results.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('yields results as they arrive, not in the order asked for', async () => {
    const results: number[] = [];
    for await (const result of mapConcurrent([60, 1], 2, (ms) => sleep(ms, ms))) results.push(result);
    expect(results).toEqual([1, 60]);
  });

  it('pulls its source only as results are consumed', async () => {
    let pulled = 0;
    function* source() {
      for (;;) yield pulled++;
    }
    for await (const result of mapConcurrent(source(), 4, (i) => Promise.resolve(i))) if (result === 10) break;
    expect(pulled).toBeLessThanOrEqual(16);
  });

  it('yields results while its source has nothing new, and does not wait for it when it is left', async () => {
    async function* source() {
      yield 1;
      yield 2;
      await new Promise(() => {}); // for ever
    }
    const results: number[] = [];
    for await (const result of mapConcurrent(source(), 4, (i) => Promise.resolve(i))) {
      results.push(result);
      if (results.length === 2) break;
    }
    expect(results).toEqual([1, 2]);
  });

  it('throws what its source throws, and ends its source when it is left', async () => {
    let hasEnded = false;
    function* source() {
      try {
        for (;;) yield 1;
      } finally {
        hasEnded = true;
      }
    }
    for await (const _ of mapConcurrent(source(), 2, (i) => Promise.resolve(i))) break;
    expect(hasEnded).toBe(true);
    function* failing() {
      yield 1;
      throw new Error('no more');
    }
    const drain = async () => {
      for await (const _ of mapConcurrent(failing(), 2, (i) => Promise.resolve(i))) continue;
    };
    await expect(drain()).rejects.toThrow('no more');
  });

  it('throws what a call rejected with', async () => {
    const results = mapConcurrent([1, 2, 3], 2, (i) =>
      i === 2 ? Promise.reject(new Error('two')) : Promise.resolve(i),
    );
    await expect(
      (async () => {
        for await (const _ of results);
      })(),
    ).rejects.toThrow('two');
  });
});

describe('mapInBatches', () => {
  it('yields all results that have arrived, at most a batch at a time, and loses none', async () => {
    let inFlight = 0;
    let most = 0;
    const batches: number[][] = [];
    const items = Array.from({ length: 40 }, (_, i) => i);
    const mapped = mapInBatches(items, { limit: 10, batchSize: 4 }, async (i) => {
      most = Math.max(most, ++inFlight);
      await sleep(1);
      inFlight--;
      return i;
    });
    for await (const batch of mapped) {
      batches.push(batch);
      await sleep(5);
    }
    expect(most).toBe(10);
    expect(batches.flat().sort((a, b) => a - b)).toEqual(items);
    expect(Math.max(...batches.map(({ length }) => length))).toBe(4);
    expect(batches.length).toBeLessThan(20);
  });

  it('yields what arrived before a call was rejected, and then throws', async () => {
    const results = mapInBatches([1, 2, 3, 4], { limit: 4, batchSize: 4 }, (i) =>
      i === 3 ? Promise.reject(new Error('three')) : Promise.resolve(i),
    );
    expect(await results.next()).toEqual({ value: [1, 2], done: false });
    await expect(results.next()).rejects.toThrow('three');
  });
});

describe('untilAborted', () => {
  it("rejects with the signal's reason while the promise is still pending", async () => {
    const controller = new AbortController();
    const waiting = untilAborted(new Promise(() => {}), controller.signal);
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    await expect(untilAborted(Promise.resolve(1), controller.signal)).rejects.toThrow('enough');
  });

  it('passes on what the promise gives', async () => {
    await expect(untilAborted(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
  });
});

describe('mapInOrder', () => {
  it('yields in the order of the source, with as many calls in flight as its limit', async () => {
    let inFlight = 0;
    let most = 0;
    const items = Array.from({ length: 50 }, (_, i) => i);
    const mapped = mapInOrder(items, 4, async (item) => {
      most = Math.max(most, ++inFlight);
      await sleep((item * 7) % 5);
      inFlight--;
      return item;
    });
    const yielded: number[] = [];
    for await (const item of mapped) yielded.push(item);
    expect(yielded).toEqual(items);
    expect(most).toBe(4);
  });

  it('yields what is there at once, instead of holding it until the limit is reached', async () => {
    const yielded: number[] = [];
    let mostAhead = 0;
    const items = Array.from({ length: 100 }, (_, i) => i);
    const mapped = mapInOrder(items, 16, (item) => {
      mostAhead = Math.max(mostAhead, item - yielded.length);
      return Promise.resolve(item);
    });
    for await (const item of mapped) yielded.push(item);
    expect(yielded).toEqual(items);
    expect(mostAhead).toBeLessThan(4);
  });
});
