import { totalmem } from 'node:os';
import { describe, expect, it } from 'vitest';
import { countAllowedCores, placeWorkers, workerBytes, type Workload } from '../../../src/workers/devices/placement.js';

/** OWL-ViT base/32 at its own size. */
const BASE: Workload = { images: 1000, weightBytes: 613e6, patches: 576, patchWidth: 768 };
const GPU = [{ provider: 'cuda' }] as const;
const CPU = [{ provider: 'cpu' }] as const;

describe('the number of workers on a CPU', () => {
  it('is one a core, while memory allows, and never more than there are batches', () => {
    expect(placeWorkers(CPU, {}, BASE).workersPerDevice).toBeLessThanOrEqual(countAllowedCores());
    expect(placeWorkers(CPU, {}, { ...BASE, images: 1 })).toMatchObject({
      workersPerDevice: 1,
      threads: countAllowedCores(),
    });
  });

  it('is smaller for a few images: one worker with every thread has its model open sooner', () => {
    const few = { workersPerDevice: 1, threads: countAllowedCores() };
    expect(placeWorkers(CPU, {}, { ...BASE, images: 4 })).toMatchObject(few);
    const workers = Math.min(countAllowedCores(), 2);
    expect(placeWorkers(CPU, {}, { ...BASE, images: 8 })).toMatchObject({ workersPerDevice: workers });
  });

  it('falls where an image size, or pixels at full size, take the memory of a machine', () => {
    const huge = Math.ceil(totalmem() / (768 * 48)); // patches that fill the memory
    expect(placeWorkers(CPU, {}, { ...BASE, patches: huge })).toMatchObject({ workersPerDevice: 1 });
    expect(placeWorkers(CPU, {}, { ...BASE, pixelsAtOnce: totalmem() / 3 })).toMatchObject({ workersPerDevice: 1 });
  });

  it('the estimate of a worker grows with patches, batch and pixels kept', () => {
    const own = workerBytes(BASE, 1);
    // Measured on a CPU, above 504 MB with the model open: 76 MB for 2,040 patches, 141 MB for two such images.
    const wide = workerBytes({ ...BASE, patches: 2040 }, 1);
    expect((wide - own) / 1e6).toBeGreaterThan(45);
    expect((wide - own) / 1e6).toBeLessThan(60);
    expect(workerBytes({ ...BASE, patches: 2040 }, 2) - wide).toBeGreaterThan(70e6);
    expect(workerBytes({ ...BASE, pixelsAtOnce: 100e6 }, 1) - own).toBe(300e6);
  });
});

describe('the default batch of a GPU', () => {
  it('is 8, and smaller where the image size makes many patches; a number asked for is used', () => {
    expect(placeWorkers(GPU, {}, BASE).maxBatchSize).toBe(8);
    expect(placeWorkers(GPU, {}, { ...BASE, patches: 8192 }).maxBatchSize).toBe(4);
    expect(placeWorkers(GPU, {}, { ...BASE, patches: 65_536 }).maxBatchSize).toBe(1);
    expect(placeWorkers(GPU, { maxBatchSize: 32 }, { ...BASE, patches: 65_536 }).maxBatchSize).toBe(32);
  });
});
