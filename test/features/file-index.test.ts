import { readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countFiles } from '../../src/features/file-index.js';
import { hashKey } from '../../src/features/folder.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../support/features/sample.js';
import { temporaryFolder } from '../support/temporary.js';

/** The folder of a key with images, whose folders have not changed for a minute. */
async function settledKey(images: number) {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  for (let image = 0; image < images; image++) await store.write(sampleFeatures(image));
  const keyFolder = join(folder, hashKey(KEY));
  await settle(keyFolder);
  return { keyFolder, store };
}

async function settle(keyFolder: string): Promise<void> {
  const past = new Date(Date.now() - 60_000);
  for (const entry of await readdir(keyFolder, { withFileTypes: true })) {
    if (entry.isDirectory()) await utimes(join(keyFolder, entry.name), past, past);
  }
}

async function indexOf(keyFolder: string): Promise<string> {
  const names = await readdir(keyFolder);
  return join(
    keyFolder,
    names.find((name) => name.startsWith('index-'))!,
  );
}

const pathOf = (keyFolder: string, image: number) =>
  join(keyFolder, hashOf(image).slice(0, 2), `${hashOf(image)}.safetensors`);

describe('the index of a key', () => {
  it('is written on request, and gives the same counts', async () => {
    const { keyFolder } = await settledKey(12);
    const counts = await countFiles(keyFolder, { save: false });
    expect(counts.images).toBe(12);
    expect((await readdir(keyFolder)).filter((name) => name.startsWith('index-'))).toEqual([]);
    expect(await countFiles(keyFolder, { save: true })).toEqual(counts);
    await indexOf(keyFolder);
    expect(await countFiles(keyFolder, { save: false })).toEqual(counts);
  });

  it('saves looking at files in folders that have not changed', async () => {
    const { keyFolder } = await settledKey(3);
    await countFiles(keyFolder, { save: true });
    const path = pathOf(keyFolder, 0);
    const { size } = { size: (await readFile(path)).length };
    await truncate(path, size - 1); // which the folder does not show
    const { bytes } = await countFiles(keyFolder, { save: false });
    await rm(await indexOf(keyFolder));
    expect((await countFiles(keyFolder, { save: false })).bytes).toBe(bytes - 1);
  });

  it('is not believed where a folder has changed', async () => {
    const { keyFolder, store } = await settledKey(3);
    await countFiles(keyFolder, { save: true });
    await store.write(sampleFeatures(3));
    await rm(pathOf(keyFolder, 0));
    await rm(dirname(pathOf(keyFolder, 1)), { recursive: true });
    expect((await countFiles(keyFolder, { save: true })).images).toBe(2);
    await settle(keyFolder);
    expect((await countFiles(keyFolder, { save: true })).images).toBe(2);
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['removed', (path) => rm(path)],
    ['cut off', (path) => truncate(path, 100)],
    ['of other bytes', (path) => readFile(path).then((bytes) => writeFile(path, bytes.fill(1, 20, 6000)))],
  ])('is made again when it was %s', async (_what, damage) => {
    const { keyFolder } = await settledKey(5);
    const counts = await countFiles(keyFolder, { save: true });
    await damage(await indexOf(keyFolder));
    expect(await countFiles(keyFolder, { save: true })).toEqual(counts);
    expect(await countFiles(keyFolder, { save: false })).toEqual(counts);
  });
});
