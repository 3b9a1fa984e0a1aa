import { expect, it } from 'vitest';
import { FittingBatches } from '../../../src/workers/child/fitting.js';

/** A device with room for so many items, that says so as ONNX Runtime does. */
function device(room: number, complaint = 'Failed to allocate memory for requested buffer of size 1234') {
  const sizes: number[] = [];
  const told: [tried: number, fitted: number][] = [];
  const batches = new FittingBatches((tried, fitted) => told.push([tried, fitted]));
  const run = (part: readonly number[]) => {
    sizes.push(part.length);
    if (part.length > room) return Promise.reject(new Error(complaint));
    return Promise.resolve(part.map((item) => item * 10));
  };
  return { sizes, told, detect: (items: readonly number[]) => batches.run(items, run) };
}

it('a batch that fits is run whole', async () => {
  const { detect, sizes, told } = device(8);
  expect(await detect([1, 2, 3])).toEqual([10, 20, 30]);
  expect([sizes, told]).toEqual([[3], []]);
});

it('one that does not is halved until it does, told once, and later ones are no larger', async () => {
  const { detect, sizes, told } = device(2);
  expect(await detect([1, 2, 3, 4, 5, 6, 7])).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(sizes).toEqual([7, 4, 2, 2, 2, 1]);
  expect(await detect([8, 9, 10])).toEqual([80, 90, 100]);
  expect(sizes.slice(6)).toEqual([2, 1]);
  expect(told).toEqual([[7, 2]]);
});

it('an image that has no room alone is an error, and so is every other failure', async () => {
  await expect(device(0).detect([1, 2])).rejects.toThrow('Failed to allocate memory');
  const broken = device(1, 'the graph is wrong');
  await expect(broken.detect([1, 2])).rejects.toThrow('the graph is wrong');
  expect(broken.sizes).toEqual([2]);
});

it.each([
  'CUDA failure 2: out of memory ; GPU=0 ; hostname=x',
  'BFCArena::AllocateRawInternal Available memory of 1 is smaller than requested bytes of 2',
  'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED',
  'vkAllocateMemory failed with VK_ERROR_OUT_OF_DEVICE_MEMORY',
  'std::bad_alloc',
])('"%s" is want of memory', async (complaint) => {
  const { detect, told } = device(1, complaint);
  await detect([1, 2]);
  expect(told).toEqual([[2, 1]]);
});
