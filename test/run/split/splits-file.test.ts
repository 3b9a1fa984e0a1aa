import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSplits, writeSplits, type Splits } from '../../../src/run/split/splits-file.js';
import { temporaryFolder } from '../../support/temporary.js';

const SPLITS: Splits = {
  split: { shares: { train: 0.5, val: 0.5 }, by: 'near', seed: 0 },
  made_from: 'a',
  images: [
    { image: 'a\n".jpg', part: 'train', sha256: 'x' },
    { image: 'b.jpg', part: 'val', sha256: 'y', group: 'x' },
  ],
  removed: [{ image: 'ü.jpg', part: 'test', sha256: 'z' }],
};

async function written(splits: Splits): Promise<{ folder: string; path: string; text: string }> {
  const folder = await temporaryFolder();
  await writeSplits(folder, splits);
  const path = join(folder, 'splits.json');
  return { folder, path, text: await readFile(path, 'utf8') };
}

it.each([SPLITS, { ...SPLITS, removed: [] }, { ...SPLITS, images: [] }, { ...SPLITS, images: [], removed: [] }])(
  'splits.json is read as it was written, and in any layout (%#)',
  async (splits) => {
    const { folder, path, text } = await written(splits);
    expect(await readSplits(folder)).toEqual(splits);
    for (const other of [JSON.stringify(splits), JSON.stringify(splits, undefined, 2), text.replaceAll('\n', '\r\n')]) {
      await writeFile(path, other);
      expect(await readSplits(folder)).toEqual(splits);
    }
  },
);

it.each([
  ['"part":"val"', '"part":"dev"', /images\[1\]\.part/],
  ['"sha256":"y"', '"sha256":7', /images\[1\]\.sha256/],
  ['"sha256":"x"},', '"sha256":"x"}', /JSON/],
  ['"group":"x"}', '"group":"x"},', /JSON/],
  ['"made_from"', '"made"', /made_from/],
  [']\n}\n', ']\n', /JSON/],
])('splits.json with %s as %s is refused, with the place and what to do', async (from, to, problem) => {
  const { folder, path, text } = await written(SPLITS);
  await writeFile(path, text.replace(from, to));
  await expect(readSplits(folder)).rejects.toMatchObject({
    code: 'JOURNAL_DAMAGED',
    message: expect.stringMatching(problem),
    hint: expect.stringContaining('--reassign'),
  });
});
