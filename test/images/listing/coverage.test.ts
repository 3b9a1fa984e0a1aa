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
