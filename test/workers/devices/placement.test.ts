import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  countAllowedCores,
  placeWorkers,
  estimateWorkerBytes,
  type Workload,
} from '../../../src/workers/devices/placement.js';

/** OWL-ViT base/32 at its own size. */
const BASE: Workload = { images: 1000, weightBytes: 613e6, patches: 576, patchWidth: 768 };
const GPU = [{ provider: 'cuda' }] as const;
const CPU = [{ provider: 'cpu' }] as const;

describe('the number of workers on a CPU', () => {
  it('is at most one a core, and no more than there is work for', () => {
    expect(placeWorkers(CPU, {}, BASE).workersPerDevice).toBeLessThanOrEqual(countAllowedCores());
    expect(placeWorkers(CPU, {}, { ...BASE, images: 1 })).toMatchObject({
      workersPerDevice: 1,
      threads: countAllowedCores(),
    });
  });

  it('is smaller for few images, since one worker with all threads opens the model sooner', () => {
    const few = { workersPerDevice: 1, threads: countAllowedCores() };
    expect(placeWorkers(CPU, {}, { ...BASE, images: 4 })).toMatchObject(few);
    const workers = Math.min(countAllowedCores(), 2);
    expect(placeWorkers(CPU, {}, { ...BASE, images: 8 })).toMatchObject({ workersPerDevice: workers });
  });

  it('is smaller where the image size, or pixels kept at full size, need most of the memory', () => {
    const huge = Math.ceil(totalmem() / (768 * 48)); // patches that fill the memory
    expect(placeWorkers(CPU, {}, { ...BASE, patches: huge })).toMatchObject({ workersPerDevice: 1 });
    expect(placeWorkers(CPU, {}, { ...BASE, pixelsAtOnce: totalmem() / 3 })).toMatchObject({ workersPerDevice: 1 });
  });

  it('follows from an estimate of memory that grows with patches, batch size and pixels kept at full size', () => {
    const own = estimateWorkerBytes(BASE, 1);
    // Measured on a CPU, above 504 MB with the model open: 76 MB for 2,040 patches, 141 MB for two such images.
    const wide = estimateWorkerBytes({ ...BASE, patches: 2040 }, 1);
    expect((wide - own) / 1e6).toBeGreaterThan(45);
    expect((wide - own) / 1e6).toBeLessThan(60);
    expect(estimateWorkerBytes({ ...BASE, patches: 2040 }, 2) - wide).toBeGreaterThan(70e6);
    expect(estimateWorkerBytes({ ...BASE, pixelsAtOnce: 100e6 }, 1) - own).toBe(300e6);
  });
});

describe('the default batch size of a GPU', () => {
  it('is 8, smaller where the image size makes many patches, and overridden by a requested one', () => {
    expect(placeWorkers(GPU, {}, BASE).maxBatchSize).toBe(8);
    expect(placeWorkers(GPU, {}, { ...BASE, patches: 8192 }).maxBatchSize).toBe(4);
    expect(placeWorkers(GPU, {}, { ...BASE, patches: 65_536 }).maxBatchSize).toBe(1);
    expect(placeWorkers(GPU, { maxBatchSize: 32 }, { ...BASE, patches: 65_536 }).maxBatchSize).toBe(32);
  });
});
