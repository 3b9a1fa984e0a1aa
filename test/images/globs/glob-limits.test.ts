import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { discover, type DiscoverOptions } from '../../../src/images/listing/discover.js';
import { assertExpandable, assertMatchable, isCostly } from '../../../src/images/globs/glob-limits.js';
import { temporaryFolder } from '../../support/temporary.js';

const DEFAULTS: DiscoverOptions = {
  recursive: true,
  include: [],
  exclude: [],
  outputFolders: [],
};

const EXPLOSIVE = [
  '{1,2}'.repeat(22),
  '{1,2}'.repeat(200),
  '{a,b,c}/'.repeat(9),
  `${'{1,'.repeat(300)}2${'}'.repeat(300)}`,
  `${'{{a,b},'.repeat(12)}c${'}'.repeat(12)}`,
  `{"}",1,2}`.repeat(15),
  '{1..100000000}',
  '{1..100}{1..100}',
  '{1..90..3}/{a..z}.jpg',
  '{!..\u4e00}',
  `{${'x,'.repeat(2000)}y}`,
  'x'.repeat(5000),
];

/** Longer names would make the tests of what is refused faster, not slower. */
const LONG_NAME = `${'a'.repeat(245)}.jpg`;

describe('a glob', () => {
  it.each(EXPLOSIVE.map((glob) => [glob.slice(0, 40), glob]))(
    'with too many alternatives is refused: %s',
    (_, glob) => {
      expect(() => assertExpandable(glob)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(glob.slice(0, 40)) }),
      );
    },
  );

  it.each([
    '*.{jpg,jpeg,png,webp}',
    '{train,val}/{a,b,c}/**/*.{jpg,png}',
    'cam{1..16}/*_{00..59}.jpg',
    '{1..1000}',
    '{',
  ])('with an ordinary number of alternatives is accepted: %s', (glob) => {
    expect(() => assertExpandable(glob)).not.toThrow();
  });

  it('that the library cannot parse is refused by name', () => {
    expect(() => assertExpandable("\\[''{}({a(.)]")).toThrow(/cannot be parsed/);
  });

  it.each(['*a*a*a*a*a*a*a*b', '+(a*)b', '(a+)+b', '+([a-z])+([a-z])+([a-z])+([a-z])b', '?(a)'.repeat(30) + 'b'])(
    'that would be matched for hours is refused: %s',
    (glob) => {
      expect(() => assertMatchable([glob], [LONG_NAME], 200)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(glob.slice(0, 40)) }),
      );
      expect(() => assertMatchable([glob], ['scene-01.jpg', 'b'])).not.toThrow(); // the names decide
    },
  );

  it.each(['*', '**/*.jpg', '**/train/*_0*.jpg', 'a/b.jpg', '*.{jpg,png}'])('%s is not costly', (glob) => {
    expect(isCostly(glob)).toBe(false);
  });
});

describe('discovering images', () => {
  it.each(EXPLOSIVE.slice(0, 3))('refuses such a glob wherever it is given: %s', async (glob) => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.jpg'), 'x');
    const refusal = { code: 'USAGE', message: expect.stringContaining(glob.slice(0, 20)) };
    await expect(discover([join(folder, glob)], DEFAULTS)).rejects.toMatchObject({ code: 'USAGE' });
    await expect(discover([folder], { ...DEFAULTS, include: [glob] })).rejects.toMatchObject(refusal);
    await expect(discover([folder], { ...DEFAULTS, exclude: [glob] })).rejects.toMatchObject(refusal);
  });
});
