import { readdir, readFile, stat, truncate, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FeatureLayout } from '../../../src/model/features/layout.js';
import { KeptFeatures } from '../../../src/workers/child/kept-features.js';
import type { FromWorker } from '../../../src/workers/protocol.js';
import { hashOf, KEY } from '../../support/features/sample.js';
import { temporaryFolder } from '../../support/temporary.js';

const LAYOUT: readonly FeatureLayout[] = [
  { name: 'class_embeds', type: 'float16', shape: [50, 6] },
  { name: 'boxes', type: 'float32', shape: [50, 2] },
]; // 1000 bytes a crop

const CROP_BYTES = 1000;

/** An image of as many crops as its width says. */
function sampleImage(image: number, crops = 1) {
  const inputs = Array.from({ length: crops }, (_, crop) => ({
    tensors: new Map([
      ['class_embeds', new Uint8Array(600).fill(10 * image + crop)],
      ['boxes', new Uint8Array(400).fill(crop)],
    ]),
  }));
  const size = { width: crops, height: 1 };
  return { image: { sha256: hashOf(image), sizeBytes: 9, size, encoding: 'JPEG', phash: '0'.repeat(16) }, inputs };
}

const cropsOf = ({ size }: { size: { width: number } }) => size.width;

interface Wanted {
  readonly folder?: string;
  readonly imageCrops?: number;
  readonly heldCrops?: number;
  readonly exact?: boolean;
}

async function openKept({ folder, imageCrops = 100, heldCrops = 100, exact = false }: Wanted = {}) {
  const path = folder ?? join(await temporaryFolder(), 'features');
  const messages: FromWorker[] = [];
  const kept = await KeptFeatures.open(
    { folder: path, key: KEY, label: 'a', dtype: 'float16', exact, writers: 1 },
    {
      device: { provider: 'cpu' },
      layout: LAYOUT,
      readingLimitSec: 30,
      send: (message) => void messages.push(message),
      bounds: { imageBytes: imageCrops * CROP_BYTES, heldBytes: heldCrops * (CROP_BYTES + 1000) }, // with the header
    },
  );
  return { kept, messages, folder: path };
}

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.safetensors'));

describe('features that a worker keeps', () => {
  it('come back crop by crop as they were', async () => {
    const { kept } = await openKept();
    const { image, inputs } = sampleImage(1, 3);
    await kept.keep(image, inputs);
    using found = await kept.find(image.sha256, cropsOf);
    expect(found!.kept.map(({ tensors }) => [...tensors.values()].map((bytes) => bytes[0]))).toEqual([
      [10, 0],
      [11, 1],
      [12, 2],
    ]);
    expect(kept.takeCounts()).toEqual({ read: 1, encoded: 1, damaged: 0 });
  });

  it('are not stored of an image with more tiles than fit, which is noted once', async () => {
    const { kept, messages, folder } = await openKept({ imageCrops: 2 });
    expect([2, 3, 4].map((crops) => kept.mayKeep(crops))).toEqual([true, false, false]);
    expect(messages).toEqual([{ type: 'notice', message: expect.stringMatching(/more than 2 tiles are not stored/) }]);
    await kept.keep(sampleImage(1, 3).image, undefined);
    expect(kept.takeCounts().encoded).toBe(1);
    expect(await filesIn(folder)).toEqual([]);
  });

  it('are read only as far as memory allows, until those before are done with', async () => {
    const { kept } = await openKept({ heldCrops: 1 });
    for (const image of [1, 2]) await kept.keep(sampleImage(image).image, sampleImage(image).inputs);
    const first = await kept.find(hashOf(1), cropsOf);
    let isRead = false;
    const second = kept.find(hashOf(2), cropsOf).then((found) => {
      isRead = true;
      return found;
    });
    await kept.find(hashOf(3), cropsOf); // has none, and waits for nothing
    expect(isRead).toBe(false);
    first![Symbol.dispose]();
    expect((await second)?.size).toEqual({ width: 1, height: 1 });
  });

  it('take the place of a damaged file where boxes come from what is computed, and leave a sound one', async () => {
    const { kept, folder } = await openKept({ exact: true });
    const { image, inputs } = sampleImage(1);
    await kept.keep(image, inputs);
    const path = join(folder, (await filesIn(folder))[0]!);
    const sound = await readFile(path);
    const past = new Date(Date.now() - 60_000);
    await utimes(path, past, past);
    await kept.keep(image, inputs);
    expect((await stat(path)).mtimeMs).toBeCloseTo(past.getTime(), -2);
    await truncate(path, 100);
    await kept.keep(image, inputs);
    expect(await readFile(path)).toEqual(sound);
    expect(kept.takeCounts()).toEqual({ read: 0, encoded: 3, damaged: 1 });
  });

  it('do not count as read, and are not held, where their image is refused', async () => {
    const { kept } = await openKept({ heldCrops: 1 });
    const { image, inputs } = sampleImage(1);
    await kept.keep(image, inputs);
    expect(kept.takeCounts()).toMatchObject({ read: 0, encoded: 1 });
    for (let time = 0; time < 2; time++) expect(await kept.find(image.sha256, () => undefined)).toBeUndefined();
    expect(kept.takeCounts()).toEqual({ read: 0, encoded: 0, damaged: 0 });
  });
});
