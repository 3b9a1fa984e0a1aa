import { describe, expect, it } from 'vitest';
import type { QueryBank } from '../../../src/model/query-groups.js';
import { BatchScheduler } from '../../../src/workers/child/batch-scheduler.js';

interface Item {
  readonly id: number;
  readonly queries: QueryBank;
}

const bank = (...classIds: number[]): QueryBank => ({ embeddings: new Float32Array(classIds.length), classIds });
const classes = (count: number) => bank(...Array.from({ length: count }, (_, i) => i));

/**
 * A device with memory for that many items, which fails beyond it as ONNX Runtime does, and the passes that it was
 * asked for.
 */
function device(room: number, complaint = 'Failed to allocate memory for requested buffer of size 1234') {
  const passes: number[][] = [];
  const compute = (batch: readonly Item[]) => {
    passes.push(batch.map(({ id }) => id));
    if (batch.length > room) return Promise.reject(new Error(complaint));
    return Promise.resolve(batch.map(({ id }) => id * 10));
  };
  return { passes, compute };
}

/** Computes one item of each bank. */
async function runAll(banks: readonly QueryBank[], { maxCount = Infinity, room = Infinity, complaint = '' } = {}) {
  const smaller: [refused: number, fitted: number][] = [];
  const scheduler = new BatchScheduler<Item>(maxCount, (refused, fitted) => smaller.push([refused, fitted]));
  const { passes, compute } = complaint === '' ? device(room) : device(room, complaint);
  const results = new Map<number, number>();
  const add = (count: number) => {
    for (const queries of banks.slice(0, count)) scheduler.add({ id: results.size + scheduler.size, queries });
  };
  const drain = async () => {
    while (scheduler.size > 0) {
      const done = await scheduler.run(compute);
      for (const [i, { id }] of done.batch.entries()) results.set(id, done.results[i]!);
    }
  };
  add(banks.length);
  await drain();
  expect([...results].every(([id, result]) => result === id * 10)).toBe(true);
  expect(results.size).toBe(banks.length);
  return { passes, smaller, add, drain };
}

describe('images share a forward pass', () => {
  const [a, b] = [bank(0, 1), bank(0, 0, 1)];

  it('whatever their queries, up to as many as one takes', async () => {
    expect((await runAll([a, b, a, b, b], { maxCount: 8 })).passes).toEqual([[0, 1, 2, 3, 4]]);
    expect((await runAll([a, b, a, b, b], { maxCount: 2 })).passes).toEqual([[0, 1], [2, 3], [4]]);
    expect((await runAll([a, b, a], { maxCount: 1 })).passes).toEqual([[0], [1], [2]]);
  });

  it('only with images of the same shape, and the one that has waited longest is among them', async () => {
    const passes: number[][] = [];
    const scheduler = new BatchScheduler<Item & { shape: string }>(2, () => {});
    const add = (id: number, shape: string) => scheduler.add({ id, shape, queries: a });
    const compute = (batch: readonly Item[]) => {
      passes.push(batch.map(({ id }) => id));
      return Promise.resolve(batch.map(({ id }) => id));
    };
    add(0, 'wide');
    add(1, 'tall');
    expect(scheduler.isFull).toBe(false); // another wide one may come
    add(2, 'tall');
    expect(scheduler.isFull).toBe(false);
    add(3, 'square');
    expect(scheduler.isFull).toBe(true); // too many wait for it
    while (scheduler.size > 0) await scheduler.run(compute);
    expect(passes).toEqual([[0], [1, 2], [3]]);
    add(4, 'wide');
    add(5, 'wide');
    expect(scheduler.isFull).toBe(true);
  });

  it('when they have the same queries, however many these are', async () => {
    const large = classes(5000);
    expect((await runAll([large, large, large])).passes).toEqual([[0, 1, 2]]);
  });

  it('unless their queries are too many together: then those with the same queries do', async () => {
    const [large, other] = [classes(1500), classes(1501)];
    expect((await runAll([large, other, large, a, other])).passes).toEqual([
      [0, 2, 3],
      [1, 4],
    ]);
  });

  it('unless a class of many prompts would widen the rows of many classes', async () => {
    const many = bank(...Array<number>(100).fill(0));
    expect((await runAll([many, classes(20)])).passes).toEqual([[0], [1]]);
    expect((await runAll([many, classes(5)])).passes).toEqual([[0, 1]]);
  });
});

describe('a batch that the device has no memory for', () => {
  const seven = Array<QueryBank>(7).fill(bank(0));
  const sizesOf = (passes: readonly number[][]) => passes.map(({ length }) => length);

  it('is halved until it fits, which is reported once, and later ones are no larger', async () => {
    const { passes, smaller, add, drain } = await runAll(seven, { maxCount: 7, room: 2 });
    expect(sizesOf(passes)).toEqual([7, 4, 2, 2, 2, 1]);
    add(3);
    await drain();
    expect(sizesOf(passes).slice(6)).toEqual([2, 1]);
    expect(smaller).toEqual([[7, 2]]);
  });

  it('fails when it is a single image, and so does every batch for another reason', async () => {
    await expect(runAll(seven, { room: 0 })).rejects.toThrow('Failed to allocate memory');
    await expect(runAll(seven, { room: 1, complaint: 'the graph is wrong' })).rejects.toThrow('the graph is wrong');
  });

  it.each([
    'CUDA failure 2: out of memory ; GPU=0 ; hostname=x',
    'BFCArena::AllocateRawInternal Available memory of 1 is smaller than requested bytes of 2',
    'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
    'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
    'std::bad_alloc',
  ])('is recognised from the message "%s"', async (complaint) => {
    const { smaller } = await runAll(seven.slice(0, 2), { room: 1, complaint });
    expect(smaller).toEqual([[2, 1]]);
  });
});

it('a scheduler is full when as many images wait as one pass takes, also after memory has halved that', async () => {
  const scheduler = new BatchScheduler<Item>(4, () => {});
  const add = (id: number) => scheduler.add({ id, queries: bank(0) });
  for (const id of [0, 1, 2]) add(id);
  expect(scheduler.isFull).toBe(false);
  add(3);
  expect(scheduler.isFull).toBe(true);
  await scheduler.run(device(2).compute);
  expect(scheduler.isFull).toBe(true); // two are left
  scheduler.remove(({ id }) => id === 3);
  expect(scheduler.isFull).toBe(false);
});
