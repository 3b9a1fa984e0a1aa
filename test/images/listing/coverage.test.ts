import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { selectCovered } from '../../../src/images/listing/coverage.js';
import { discover, type DiscoverOptions } from '../../../src/images/listing/discover.js';
import { temporaryFolder } from '../../support/temporary.js';

const FILES = ['one/a.jpg', 'one/sub/b.jpg', 'two/c.jpg', 'two/(x) [1]/d.jpg'];
const GONE = ['one/gone.jpg', 'one/sub/gone.png', 'two/gone.jpg', 'two/(x) [1]/gone.jpg', 'three/gone.jpg'];
const DEFAULTS: DiscoverOptions = {
  recursive: true,
  include: [],
  exclude: [],
  outputFolders: [],
};

/** The gone images that a listing of these inputs shows to be gone, by their paths below the folder. */
async function coveredBy(
  toInputs: (folder: string) => string[],
  options: Partial<DiscoverOptions> = {},
): Promise<string[]> {
  const folder = await realpath(await temporaryFolder());
  for (const name of FILES) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), '');
  }
  const found = await discover(toInputs(folder), { ...DEFAULTS, ...options });
  const names = GONE.map((name) => relative(found.root, join(folder, name)));
  const covered = selectCovered(found, names);
  return GONE.filter((_, i) => covered.has(names[i]!));
}

describe('a listing shows that images are gone', () => {
  it.each<[what: string, inputs: string[], gone: string[]]>([
    ['below a folder', [''], GONE],
    ['below each of several folders', ['one', 'two/(x) [1]'], [GONE[0]!, GONE[1]!, GONE[3]!]],
    ['not beside files that were given by name', ['one/a.jpg', 'two/c.jpg'], []],
    ['below folders, not beside files', ['one/sub', 'two/c.jpg'], [GONE[1]!]],
    ['that a glob would match', ['*/*.jpg'], [GONE[0]!, GONE[2]!, GONE[4]!]],
    ['that a glob of any depth would match', ['**/*.jpg'], GONE.filter((name) => name.endsWith('.jpg'))],
    ['that an alternative would match', ['{one,two}/{gone,a,c}.jpg'], [GONE[0]!, GONE[2]!]],
  ])('%s', async (_what, inputs, gone) => {
    expect(await coveredBy((folder) => inputs.map((input) => join(folder, input)))).toEqual(gone);
    const relativeToHere = (folder: string) => inputs.map((input) => relative(process.cwd(), join(folder, input)));
    expect(await coveredBy(relativeToHere)).toEqual(gone);
  });

  it('directly in a folder whose subfolders are not listed', async () => {
    expect(await coveredBy((folder) => [join(folder, 'one')], { recursive: false })).toEqual([GONE[0]]);
  });

  it('that a range of numbers in a glob would match', () => {
    const glob = { pattern: '/photos/img_{001..300}.{jpg,png}', written: '/photos' };
    const found = { root: '/photos', inputs: [{ kind: 'glob', base: '/photos', glob } as const], isComplete: true };
    const matched = ['img_001.jpg', 'img_042.png', 'img_300.jpg'];
    expect([...selectCovered(found, [...matched, 'img_301.jpg', 'img_1.jpg', 'sub/img_001.jpg'])]).toEqual(matched);
  });

  it('whatever the number of inputs', () => {
    const inputs = Array.from({ length: 10_000 }, (_, i) => [
      { kind: 'file', base: '/photos' } as const,
      { kind: 'folder', base: `/photos/${i}` } as const,
      { kind: 'glob', base: '/photos', glob: { pattern: '/photos/*.png', written: '/photos' } } as const,
    ]).flat();
    const names = Array.from({ length: 20_000 }, (_, i) => `${i}/a.jpg`);
    const started = performance.now();
    const covered = selectCovered({ root: '/photos', inputs, isComplete: true }, [...names, 'a.png', 'a.jpg']);
    expect(performance.now() - started).toBeLessThan(5000);
    expect([...covered]).toEqual([...names.slice(0, 10_000), 'a.png']);
  });

  it('that are filtered out', async () => {
    expect(await coveredBy((folder) => [folder], { exclude: ['one/sub/**'], recursive: true })).toEqual(GONE);
  });

  it('only if every folder could be read', () => {
    const inputs = [{ kind: 'folder', base: '/photos' }] as const;
    const found = { root: '/photos', inputs, isComplete: false };
    const isCovered = (part: Partial<typeof found>) => selectCovered({ ...found, ...part }, ['a.jpg']).has('a.jpg');
    expect(isCovered({})).toBe(false);
    expect(isCovered({ isComplete: true })).toBe(true);
  });
});
