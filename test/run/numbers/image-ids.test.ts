import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../../support/random.js';
import { ImageIds, type NumberSources } from '../../../src/run/numbers/image-ids.js';
import { listPath, readImageList } from '../../../src/run/numbers/image-list.js';
import { Journal } from '../../../src/run/journal.js';
import { readJournal } from '../../../src/run/read-journal.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header } from '../journal-header.js';

type Journalled = Record<string, number | undefined>; // number by name; none in version 0.1
type Changes = Partial<Pick<NumberSources, 'isPublished' | 'wasFinished' | 'restarts'>>;

const image = { width: 1, height: 1, detections: [], size_bytes: 1, modified_ms: 1, sha256: '' };

/** An output folder with a journal of these images. */
async function folderWith(journalled: Journalled = {}, list?: string | Buffer): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, '.preannotate'));
  if (list !== undefined) await writeFile(listPath(folder), list);
  await using journal = await Journal.begin(folder, header);
  for (const [name, id] of Object.entries(journalled)) {
    await journal.append({ image: name, ...(id === undefined ? {} : { id }), ...image });
  }
  return folder;
}

/** Numbers the images of a folder as a run does, and writes the list. */
async function numbered(folder: string, found: readonly string[], changes: Changes = {}) {
  const journal = await readJournal(folder);
  const ids = ImageIds.from({
    list: await readImageList(folder),
    journal: journal?.entries.size === 0 ? undefined : journal,
    found,
    isPublished: true,
    wasFinished: false,
    restarts: false,
    ...changes,
  });
  await ids.save(folder);
  const names = [...new Set([...found, ...(journal?.entries.keys() ?? [])])];
  return { numbers: Object.fromEntries(names.map((name) => [name, ids.of(name)])), notes: ids.notes };
}

const stringList = (...names: string[]) => names.map((name) => `${JSON.stringify(name)}\n`).join('');

describe('image numbers', () => {
  it('follow the names at first; images that come later get the next ones', async () => {
    const folder = await folderWith();
    await numbered(folder, ['b.jpg', 'a.jpg']);
    const { numbers, notes } = await numbered(folder, ['0.jpg', 'a.jpg', 'b.jpg', 'new\nline.jpg']);
    expect(numbers).toEqual({ 'a.jpg': 1, 'b.jpg': 2, '0.jpg': 3, 'new\nline.jpg': 4 });
    expect(notes).toEqual([]);
  });

  it('begin again while no image was annotated and no view was written', async () => {
    const folder = await folderWith();
    await numbered(folder, ['x.jpg', 'y.jpg'], { isPublished: false });
    expect((await numbered(folder, ['a.jpg'], { isPublished: false })).numbers).toEqual({ 'a.jpg': 1 });
  });

  it('are kept on restart, for images that are no longer found too', async () => {
    const folder = await folderWith({ 'b.jpg': 1 });
    await numbered(folder, ['b.jpg']);
    const { numbers } = await numbered(folder, ['a.jpg', 'c.jpg'], { restarts: true });
    expect(numbers).toEqual({ 'a.jpg': 2, 'b.jpg': 1, 'c.jpg': 3 });
  });

  it('are given to images of the journal that have gone from disk', async () => {
    const folder = await folderWith({ 'a.jpg': undefined, 'c.jpg': undefined });
    const { numbers } = await numbered(folder, ['b.jpg', 'c.jpg'], { isPublished: false });
    expect(numbers).toEqual({ 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3 });
  });
});

describe('a list of images that is missing or damaged', () => {
  it('is rebuilt from the journal, and images that are not done yet get the numbers that they had', async () => {
    const folder = await folderWith({ 'b.jpg': 2, 'd.jpg': 4 });
    const { numbers, notes } = await numbered(folder, ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']);
    expect(numbers).toEqual({ 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3, 'd.jpg': 4 });
    expect(notes).toEqual([expect.stringMatching(/images\.jsonl does not exist; .* from the journal/)]);
    expect((await numbered(folder, ['a.jpg'])).notes).toEqual([]);
  });

  it('gives numbers above the largest where the journal shows that images were not numbered by name', async () => {
    const folder = await folderWith({ 'b.jpg': 1, 'a.jpg': 2 });
    const { numbers } = await numbered(folder, ['0.jpg', 'a.jpg', 'b.jpg']);
    expect(numbers).toEqual({ 'b.jpg': 1, 'a.jpg': 2, '0.jpg': 3 });
  });

  it('never changes a number, wherever a byte, a line or its end is damaged, and is kept', async () => {
    const names = ['a.jpg', 'b.jpg', 'ç.jpg', 'd.jpg'];
    const journalled = { 'b.jpg': 1, 'd.jpg': 2, 'a.jpg': 3, 'ç.jpg': 4 };
    const whole = await folderWith(journalled);
    await numbered(whole, names);
    const bytes = await readFile(listPath(whole));
    const lines = bytes.toString().split(/(?<=\n)/);
    const random = new Random(7);
    const damaged: Buffer[] = [Buffer.alloc(0), Buffer.from('null\n'), Buffer.from('[]\n{}\n'), Buffer.alloc(100)];
    for (let at = 0; at < bytes.length; at += 1 + random.below(5)) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << random.below(8);
      damaged.push(flipped, bytes.subarray(0, at));
    }
    for (let at = 0; at < lines.length; at++) {
      const [before, after] = [lines.slice(0, at).join(''), lines.slice(at + 1).join('')];
      damaged.push(Buffer.from(before + after), Buffer.from(before + random.oneOf(lines) + lines.slice(at).join('')));
    }
    for (const list of damaged) {
      const folder = await folderWith(journalled, list);
      const { numbers, notes } = await numbered(folder, names);
      expect({ numbers, list: list.toString() }).toEqual({ numbers: journalled, list: list.toString() });
      expect(notes).toEqual([expect.stringMatching(/images\.jsonl.*; the numbers of the images are taken from/)]);
      const [kept] = await readdir(join(folder, '.preannotate/journals'));
      expect((await readFile(join(folder, '.preannotate/journals', kept!))).equals(list)).toBe(true);
      expect(await readFile(listPath(folder))).toEqual(bytes);
    }
  });

  it('with its lines in another order gives the same numbers', async () => {
    const names = ['a.jpg', 'b.jpg', 'c.jpg'];
    const folder = await folderWith({ 'a.jpg': 1 });
    await numbered(folder, names);
    const [head, first, ...others] = (await readFile(listPath(folder), 'utf8')).split(/(?<=\n)/);
    await writeFile(listPath(folder), [head, ...others, first].join(''));
    expect(await numbered(folder, names)).toEqual({ numbers: { 'a.jpg': 1, 'b.jpg': 2, 'c.jpg': 3 }, notes: [] });
  });

  it.each<[what: string, other: Journalled, message: RegExp]>([
    [
      'another number',
      { 'a.jpg': 1, 'b.jpg': 3 },
      /detections\.jsonl:3 gives b\.jpg the number 3; .*jsonl:3 gives it.* 2/,
    ],
    [
      'the number of another image',
      { 'c.jpg': 2 },
      /:2 gives c\.jpg the number 2; .*jsonl:3 gives that number to b\.jpg/,
    ],
  ])('that gives an image %s than the journal is refused with both lines', async (_what, other, message) => {
    const folder = await folderWith();
    await numbered(folder, ['a.jpg', 'b.jpg']);
    const foreign = await folderWith(other, await readFile(listPath(folder)));
    await expect(numbered(foreign, ['a.jpg', 'b.jpg'])).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringMatching(message),
    });
  });
});

describe('a list of images of version 0.1', () => {
  it('decides the numbers that its journal lacks, and is written anew with checksums', async () => {
    const folder = await folderWith({ 'a.jpg': undefined, 'b.jpg': undefined }, stringList('b.jpg', 'x.jpg', 'a.jpg'));
    const { numbers } = await numbered(folder, ['0.jpg', 'a.jpg', 'b.jpg'], { wasFinished: true });
    expect(numbers).toEqual({ 'b.jpg': 1, 'a.jpg': 3, '0.jpg': 4 });
    expect(await readImageList(folder)).toMatchObject({ form: 'checked', problem: undefined });
    expect((await numbered(folder, ['a.jpg'])).numbers).toEqual({ 'b.jpg': 1, 'a.jpg': 3 });
  });

  it('gets the images that a later run had begun with, in the order of their names', async () => {
    const folder = await folderWith({ 'b.jpg': undefined, 'd.jpg': undefined }, stringList('b.jpg'));
    const { numbers } = await numbered(folder, ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg']);
    expect(numbers).toEqual({ 'b.jpg': 1, 'a.jpg': 2, 'c.jpg': 3, 'd.jpg': 4 });
  });

  it.each<[what: string, list: string | undefined, changes: Changes, message: RegExp]>([
    ['lost', undefined, {}, /images\.jsonl does not exist, and the journal has no number for a\.jpg and 1 more/],
    ['cut short', '"a.jpg"\n"b.j', {}, /images\.jsonl:2: the line is not complete, and the journal/],
    ['short of a line', '"a.jpg"\n', { wasFinished: true }, /images\.jsonl does not have b\.jpg, and the journal/],
    ['damaged', '"a.jpg"\nb.jpg"\n', {}, /images\.jsonl:2: the line is not that of an image, and the journal/],
    ['with a line twice', '"a.jpg"\n"a.jpg"\n"b.jpg"\n', {}, /images\.jsonl:2: a\.jpg has line 1 too, and/],
  ])('that is %s cannot be rebuilt and is refused, except on restart', async (_what, list, changes, message) => {
    const folder = await folderWith({ 'a.jpg': undefined, 'b.jpg': undefined }, list);
    await expect(numbered(folder, ['a.jpg', 'b.jpg'], changes)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(/^Restore the file from a copy, or use --restart/),
    });
    const { numbers } = await numbered(folder, ['a.jpg', 'b.jpg'], { ...changes, restarts: true });
    expect(numbers).toEqual({ 'a.jpg': 1, 'b.jpg': 2 });
  });
});
