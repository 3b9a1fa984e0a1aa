import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findImageRoot } from '../../src/run/image-root.js';
import type { Source } from '../../src/run/plan/sources.js';
import { EntryTable, type JournalEntry } from '../../src/run/entries/entry-table.js';
import { temporaryFolder } from '../support/temporary.js';

const ENTRY: JournalEntry = { line: 2, offset: 0, length: 1, id: 1, replaces: 0, sizeBytes: 4, modifiedMs: 5 };

/** Looks for the images of a run of a thousand, of which one is there. */
async function search(sources: readonly (readonly [string, Source])[], there = 'images/517.jpg') {
  const folder = await realpath(await temporaryFolder());
  await mkdir(join(folder, 'images'));
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, there), 'here');
  const names = Array.from({ length: 1000 }, (_, i) => `${i}.jpg`);
  const images = join(folder, 'images');
  const found = await findImageRoot({
    outDir: join(folder, 'out'),
    scope: { root: '../images', root_absolute: images },
    journal: { entries: new EntryTable(names.map((name) => [name, ENTRY] as const)) },
    sources: new Map(sources),
    given: undefined,
  });
  return { found, images };
}

const others = (state: 'gone' | 'kept') =>
  Array.from({ length: 1000 }, (_, i) => [`${i}.jpg`, { state }] as const).filter(([name]) => name !== '517.jpg');

describe('the folder of the images of a run', () => {
  it.each(['gone', 'kept'] as const)('is found by those that are there, although all others are %s', async (state) => {
    const { found, images } = await search(others(state));
    expect(found).toBe(images);
  });

  it('is found where none of them is there any more', async () => {
    const { found, images } = await search([...others('gone'), ['517.jpg', { state: 'kept' }]], 'other.jpg');
    expect(found).toBe(images);
  });

  it('is not one that holds none of the images that should be there', async () => {
    expect((await search(others('gone'), 'images/518.jpg')).found).toBeUndefined();
  });
});
