import type { SplitRule } from '../../src/core/data-set/split.js';
import { Journal } from '../../src/run/journal.js';
import { header } from '../run/journal-header.js';
import type { CorrectSet } from './correct-set.js';

const SPLIT: SplitRule = { shares: { train: 0.5, val: 0.5 }, by: 'near', seed: 0 };

/**
 * Makes a folder that of a run of `0.jpg`, `1.jpg` and `2.jpg`, of which the first two look alike and are in different
 * parts.
 *
 * @param split - How the run is divided now; undefined where it no longer is.
 */
export async function makeDividedRun({ folder, write }: CorrectSet, split?: SplitRule): Promise<void> {
  const scope = { selection: {}, formats: ['voc'], found: 3, classes: { dog: 1 } };
  const run = split === undefined ? scope : { ...scope, split };
  await using _ = await Journal.begin(folder, { ...header, run });
  const images = ['train', 'val', 'train'].map((part, i) => ({ image: `${i}.jpg`, part, sha256: 'ab'.repeat(32) }));
  await write('splits.json', JSON.stringify({ split: SPLIT, made_from: 'a', images, removed: [] }));
  const groupOf = (...names: string[]) =>
    JSON.stringify({ kind: 'similar', images: names.map((image) => ({ image })) });
  await write('duplicates.jsonl', `${groupOf('0.jpg', '2.jpg')}\n${groupOf('0.jpg', '1.jpg')}\n`);
}
