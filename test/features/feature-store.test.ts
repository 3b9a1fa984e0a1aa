import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashKey } from '../../src/features/folder.js';
import { inspectStore } from '../../src/features/inspect-store.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../support/features/sample.js';
import { canMount, smallDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';

const pathOf = (folder: string, image: number, key = KEY) =>
  join(folder, hashKey(key), hashOf(image).slice(0, 2), `${hashOf(image)}.safetensors`);

async function filledFolder(images: number) {
  const folder = join(await temporaryFolder(), 'features');
  const opened = await openStore(folder);
  for (let image = 0; image < images; image++) await opened.store.write(sampleFeatures(image));
  return { folder, ...opened };
}

describe('a store of features', () => {
  it('gives back what was written, also to another process that only reads', async () => {
    const { folder, store } = await filledFolder(3);
    const reader = await openStore(folder, { writable: false });
    for (const one of [store, reader.store]) {
      expect((await one.read(hashOf(2)))?.sizeBytes).toBe(1002);
      expect(await one.read(hashOf(3))).toBeUndefined();
      expect([await one.has(hashOf(2)), await one.has(hashOf(3))]).toEqual([true, false]);
    }
    expect(await inspectStore({ folder, key: KEY })).toMatchObject({ images: 3 });
    expect(reader.problems).toEqual([]);
  });

  it('keeps the features of each key apart, whatever the order of its names', async () => {
    const { folder } = await filledFolder(1);
    const { version, ...rest } = KEY;
    const same = await openStore(folder, { key: { ...rest, version: version! } });
    expect(await same.store.read(hashOf(0))).toBeDefined();
    const other = await openStore(folder, { key: { ...KEY, width: 97 } });
    expect(await other.store.read(hashOf(0))).toBeUndefined();
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    ['cut off', (path) => truncate(path, 200), /checksum/],
    ['empty', (path) => truncate(path, 0), /only 0 bytes/],
    ['of other bytes', (path) => writeFile(path, 'x'.repeat(500)), /does not begin/],
    ['a folder', (path) => rm(path).then(() => mkdir(path)), /not a regular file/],
  ])('computes a file again that is %s, and says so', async (_what, damage, reason) => {
    const { folder, store, problems } = await filledFolder(2);
    await damage(pathOf(folder, 1));
    expect(await store.read(hashOf(1))).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]!.message).toMatch(reason);
    expect(problems[0]!.message).toContain(pathOf(folder, 1));
    expect(await store.read(hashOf(0))).toBeDefined();
  });

  it('puts a sound file in the place of a damaged one', async () => {
    const { folder, store } = await filledFolder(1);
    await truncate(pathOf(folder, 0), 300);
    await store.write(sampleFeatures(0));
    expect(await store.read(hashOf(0))).toBeDefined();
  });

  it.skipIf(process.platform === 'win32')('does not wait for a pipe under the name of a file', async () => {
    const { folder, store, problems } = await filledFolder(1);
    await rm(pathOf(folder, 0));
    execFileSync('mkfifo', [pathOf(folder, 0)]);
    expect(await store.read(hashOf(0))).toBeUndefined();
    expect(problems).toMatchObject([{ kind: 'unreadable' }]);
  });

  it('never takes a file of another image or model for the right one', async () => {
    const { folder, store, problems } = await filledFolder(2);
    await rm(pathOf(folder, 0));
    await mkdir(dirname(pathOf(folder, 0)), { recursive: true });
    await rename(pathOf(folder, 1), pathOf(folder, 0));
    expect(await store.read(hashOf(0))).toBeUndefined();
    const other = { ...KEY, model: 'b' };
    const { store: second } = await openStore(folder, { key: other });
    await second.write(sampleFeatures(4));
    await mkdir(dirname(pathOf(folder, 4)), { recursive: true });
    await rename(pathOf(folder, 4, other), pathOf(folder, 4));
    expect(await store.read(hashOf(4))).toBeUndefined();
    expect(problems.map(({ kind }) => kind)).toEqual(['damaged', 'damaged']);
  });

  it('notes when a file was used, to the hour, and only where it may write', async () => {
    const { folder, store } = await filledFolder(1);
    const past = new Date(Date.now() - 10 * 3_600_000);
    await utimes(pathOf(folder, 0), past, past);
    const reader = await openStore(folder, { writable: false });
    await reader.store.read(hashOf(0));
    expect((await stat(pathOf(folder, 0))).mtimeMs).toBeCloseTo(past.getTime(), -2);
    await store.read(hashOf(0));
    const used = (await stat(pathOf(folder, 0))).mtimeMs;
    expect(Date.now() - used).toBeLessThan(60_000);
  });

  it('refuses a folder of others and leaves it as it is', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'photo.jpg'), 'mine');
    await expect(openStore(folder)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(openStore(folder, { writable: false })).rejects.toThrow(/not empty/);
    await expect(inspectStore({ folder, key: KEY })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(await readdir(folder)).toEqual(['photo.jpg']);
  });

  it('refuses a folder of a later version', async () => {
    const { folder } = await filledFolder(1);
    await writeFile(join(folder, 'preannotate-features.json'), '{"version": 2}');
    await expect(openStore(folder)).rejects.toThrow(/version 1/);
  });

  it('writes nothing, not even a folder, where it only reads', async () => {
    const folder = join(await temporaryFolder(), 'none');
    const { store, problems } = await openStore(folder, { writable: false });
    await store.write(sampleFeatures(1));
    expect(await store.read(hashOf(1))).toBeUndefined();
    expect(problems).toEqual([]);
    await expect(stat(folder)).rejects.toThrow(/ENOENT/);
  });

  it.skipIf(!canMount)('stops writing on a full disk with one message, and goes on reading', async () => {
    const folder = join(await smallDisk('600k'), 'features');
    const { store, problems } = await openStore(folder);
    for (let image = 0; image < 40; image++) await store.write(sampleFeatures(image, 2000));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind: 'unwritable' });
    expect(problems[0]!.message).toMatch(/the disk is full/);
    const { images } = await inspectStore({ folder, key: KEY });
    expect(images).toBeGreaterThan(2);
    for (let image = 0; image < images; image++) expect(await store.read(hashOf(image))).toBeDefined();
    expect(await store.read(hashOf(images))).toBeUndefined();
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => name.includes('.preannotate-'))).toEqual([]);
  });

  it('reads on when its folder was removed, and says that nothing is stored', async () => {
    const { folder, store, problems } = await filledFolder(1);
    await rm(folder, { recursive: true });
    expect(await store.read(hashOf(0))).toBeUndefined();
    await store.write(sampleFeatures(1));
    await store.write(sampleFeatures(2));
    expect(problems.map(({ message }) => message)).toEqual([expect.stringMatching(/was removed/)]);
    await expect(stat(folder)).rejects.toThrow(/ENOENT/);
  });

  it('writes down the key and the name of the model, readably', async () => {
    const folder = join(await temporaryFolder(), 'deep/features');
    await openStore(folder, { label: 'builtin:emoji' });
    const text = await readFile(join(folder, hashKey(KEY), 'key.json'), 'utf8');
    expect(JSON.parse(text)).toEqual({ model: 'builtin:emoji', key: KEY });
  });
});
