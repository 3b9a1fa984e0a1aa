import { mkdir, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { inspectStore } from '../../src/features/inspect-store.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../support/features/sample.js';
import { temporaryFolder } from '../support/temporary.js';

const PATCHES = 400; // 9 KB a file

const sizeOf = async (folder: string) => (await inspectStore({ folder, key: KEY })).totalBytes;

async function namesBelow(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => name.endsWith('.safetensors'));
}

/** Makes files older: the first one was used an hour ago, each further one a minute later. */
async function age(folder: string, images: number): Promise<void> {
  for (const name of await namesBelow(folder)) {
    const image = Array.from({ length: images }, (_, i) => i).find((i) => name.includes(hashOf(i)))!;
    const time = new Date(Date.now() - 3_600_000 + image * 60_000);
    await utimes(join(folder, name), time, time);
  }
}

describe('the limit of a folder of features', () => {
  it('is exceeded by 1/32 at most while one process writes, and kept when it ends', async () => {
    const folder = await temporaryFolder();
    const maxBytes = 400_000;
    const { store } = await openStore(folder, { maxBytes });
    const bound = maxBytes * (1 + 1 / 32) + 10_000; // the file that was written last
    for (let image = 0; image < 150; image++) {
      await store.write(sampleFeatures(image, PATCHES));
      const isWithin = async () => expect(await sizeOf(folder)).toBeLessThan(bound);
      await vi.waitFor(isWithin, { timeout: 10_000 }); // it looks at the folder meanwhile
    }
    await store[Symbol.asyncDispose]();
    expect(await sizeOf(folder)).toBeLessThanOrEqual(maxBytes);
    expect(await sizeOf(folder)).toBeGreaterThan(maxBytes * 0.8);
    expect(await store.read(hashOf(149))).toBeDefined();
  });

  it('takes the least recently used first, of any key, and what was read stays', async () => {
    const folder = await temporaryFolder();
    const unlimited = await openStore(folder);
    for (let image = 0; image < 10; image++) await unlimited.store.write(sampleFeatures(image, PATCHES));
    await age(folder, 10);
    const old = new Date(Date.now() - 7_200_000);
    for (const name of (await namesBelow(folder)).filter((one) => one.includes(hashOf(0)))) {
      await utimes(join(folder, name), old, old);
    }
    await unlimited.store.read(hashOf(0)); // the oldest, used now
    const perFile = (await sizeOf(folder)) / 10;
    const other = await openStore(folder, { key: { ...KEY, model: 'other' }, maxBytes: Math.round(perFile * 6.5) });
    await other.store[Symbol.asyncDispose]();
    const left = [];
    for (let image = 0; image < 10; image++) if (await unlimited.store.has(hashOf(image))) left.push(image);
    expect(left).toEqual([0, 5, 6, 7, 8, 9]);
  });

  it('keeps what this process has read rather than what others used a minute ago', async () => {
    const folder = await temporaryFolder();
    const { store } = await openStore(folder);
    for (let image = 0; image < 4; image++) await store.write(sampleFeatures(image, PATCHES));
    const recent = new Date(Date.now() - 60_000);
    for (const name of await namesBelow(folder)) await utimes(join(folder, name), recent, recent);
    const perFile = (await sizeOf(folder)) / 4;
    const limited = await openStore(folder, { maxBytes: Math.round(perFile * 2.5) });
    for (const image of [0, 3]) await limited.store.read(hashOf(image));
    await limited.store[Symbol.asyncDispose]();
    const left = [];
    for (let image = 0; image < 4; image++) if (await store.has(hashOf(image))) left.push(image);
    expect(left).toEqual([0, 3]);
    expect(limited.problems).toEqual([
      {
        kind: 'removed',
        message: expect.stringMatching(/^Removed the features of 2 images \(\d+\.\d kB\) to stay within/) as string,
      },
    ]);
  });

  it('is shared by several writers', async () => {
    const folder = await temporaryFolder();
    const maxBytes = 300_000;
    const stores = await Promise.all([0, 1, 2].map(() => openStore(folder, { maxBytes, writers: 3 })));
    for (let image = 0; image < 120; image++) {
      await stores[image % 3]!.store.write(sampleFeatures(image, PATCHES));
      if (image % 6 === 0) await sleep(10); // else they would have been used at one time, and go together
    }
    await Promise.all(stores.map(({ store }) => store[Symbol.asyncDispose]()));
    expect(await sizeOf(folder)).toBeLessThanOrEqual(maxBytes);
    expect(await sizeOf(folder)).toBeGreaterThan(maxBytes * 0.5);
    expect(stores.flatMap(({ problems }) => problems).filter(({ kind }) => kind !== 'removed')).toEqual([]);
  });

  it('counts and removes files of ours only, half-written ones of killed processes included', async () => {
    const folder = await temporaryFolder();
    const { store } = await openStore(folder);
    await store.write(sampleFeatures(1, PATCHES));
    const own = dirname(join(folder, (await namesBelow(folder))[0]!));
    const others = [
      join(folder, 'notes.txt'),
      join(own, 'notes.txt'),
      join(own, `${'a'.repeat(64)}.bin`),
      join(folder, 'photos', 'ab', `${'b'.repeat(64)}.safetensors`),
    ];
    for (const path of others) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'x'.repeat(50_000));
    }
    const outside = await temporaryFolder();
    await writeFile(join(outside, `${'c'.repeat(64)}.safetensors`), 'x'.repeat(50_000));
    await symlink(outside, join(dirname(own), 'zz').replace(/zz$/, 'cc'));
    const leftOver = join(own, '.preannotate-000000000000-1');
    const beingWritten = join(own, '.preannotate-000000000001-1');
    await writeFile(leftOver, 'x');
    await utimes(leftOver, 1, 1);
    await writeFile(beingWritten, 'x');
    const limited = await openStore(folder, { maxBytes: 1 });
    await limited.store[Symbol.asyncDispose]();
    expect(await store.has(hashOf(1))).toBe(false);
    for (const path of [...others, beingWritten, join(outside, `${'c'.repeat(64)}.safetensors`)]) await stat(path);
    await expect(stat(leftOver)).rejects.toThrow(/ENOENT/);
  });
});
