import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { formatLine } from '../../../src/disk/checked-line.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { Random } from '../../support/random.js';
import { temporaryFolder } from '../../support/temporary.js';

const IMAGES = ['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'];

/** A file of decisions, a line for each image. */
async function withReview() {
  const folder = await temporaryFolder();
  const path = join(folder, 'review.jsonl');
  await using journal = await ReviewJournal.open(folder);
  await Promise.all(
    IMAGES.map((image) =>
      journal.append({
        ...{ image, sha256: 'ab', author: 'Ana' },
        changes: [{ op: 'set', box: { id: 'x', status: 'drawn', class: 'dog', box: [1, 2, 30.25, 40] } }],
      }),
    ),
  );
  return { folder, path, bytes: await readFile(path) };
}

it('a flipped bit is refused with its line, which can be deleted; the other lines are as they were', async () => {
  const { folder, path, bytes } = await withReview();
  const intact = await readReview(folder);
  const random = new Random(17);
  const ends = [...bytes.keys()].filter((at) => bytes[at] === 0x0a);
  expect(ends).toHaveLength(IMAGES.length);
  const bits = [
    ...ends.flatMap((at) => Array.from({ length: 8 }, (_, bit) => [at, bit] as const)),
    ...Array.from({ length: 120 }, () => [random.below(bytes.length), random.below(8)] as const),
  ];
  for (const [at, bit] of bits) {
    const damaged = Buffer.from(bytes);
    damaged[at]! ^= 1 << bit;
    await writeFile(path, damaged);
    const line = bytes.subarray(0, at).filter((byte) => byte === 0x0a).length + 1;
    const where = `byte ${at}: ${damaged[at]!}`;
    if (at === bytes.length - 1) {
      // The end of the last line: it looks like one that was cut off.
      const read = await readReview(folder).catch((error: unknown) => (error as Error).message);
      if (typeof read === 'string') expect(read, where).toContain(`${path}:${line}: `);
      else expect([...read.keys()], where).toEqual(IMAGES.slice(0, -1));
      continue;
    }
    await expect(readReview(folder), where).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: `${path}:${line}: this line was changed after it was written (its checksum differs).`,
      hint: expect.stringMatching(/^Restore the file from a copy, or delete this line/) as string,
    });
    await expect(ReviewJournal.open(folder), where).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    expect((await readFile(path)).equals(damaged), where).toBe(true);
    const lines = damaged.toString('latin1').split('\n');
    lines.splice(line - 1, 1);
    await writeFile(path, lines.join('\n'), 'latin1');
    const isEnd = bytes[at] === 0x0a; // two lines are one then
    const left = IMAGES.filter((_, n) => n !== line - 1 && !(isEnd && n === line));
    const others = await readReview(folder);
    expect([...others], where).toEqual(left.map((image) => [image, intact.get(image)]));
  }
});

it('a line that a newer version wrote is refused with its place, and nothing is written', async () => {
  const { folder, path, bytes } = await withReview();
  const known = { image: 'e.jpg', sha256: 'ab', revision: 5, author: 'Ana', at: '2026-01-01T00:00:00.000Z' };
  const newer: [object, RegExp][] = [
    [
      { ...known, changes: [{ op: 'outline', id: 'x', points: [1, 2] }] },
      /review\.jsonl:5 cannot be read: the value at changes\[0\]\.op /,
    ],
    [
      { ...known, changes: [{ op: 'state', state: 'postponed' }] },
      /review\.jsonl:5 cannot be read: the value at changes\[0\]\.state /,
    ],
    [{ ...known, revision: '5', changes: [] }, /review\.jsonl:5 cannot be read: the value at revision /],
  ];
  for (const [line, message] of newer) {
    const text = `${bytes.toString()}${formatLine(line)}`;
    await writeFile(path, text);
    for (const open of [readReview, (from: string) => ReviewJournal.open(from)])
      await expect(open(folder)).rejects.toMatchObject({
        code: 'JOURNAL_DAMAGED',
        message: expect.stringMatching(message) as string,
        hint: 'Restore the file from a copy, or use the version of preannotate that wrote it.',
      });
    expect(await readFile(path, 'utf8')).toBe(text);
  }
});
