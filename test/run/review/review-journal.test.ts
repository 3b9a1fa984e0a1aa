import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Change, DecidedBox } from '../../../src/core/review/decision.js';
import { readReview } from '../../../src/run/review/read-review.js';
import { ReviewJournal } from '../../../src/run/review/review-journal.js';
import { temporaryFolder } from '../../support/temporary.js';

const drawn = (id: string): DecidedBox => ({ id, status: 'drawn', class: 'dog', box: [1, 2, 30.25, 40] });
const set = (id: string): Change => ({ op: 'set', box: drawn(id) });
const step = (image: string, ...changes: Change[]) => ({ image, sha256: 'ab', changes, author: 'Ana' });

describe('a review journal', () => {
  it('gives back what was decided, image by image, and makes no file before there is a decision', async () => {
    const folder = await temporaryFolder();
    {
      await using journal = await ReviewJournal.open(folder);
      expect(await readdir(folder)).toEqual([]);
      const saved = await journal.append(step('b.jpg', set('x'), { op: 'state', state: 'accepted' }));
      expect(saved).toMatchObject({
        image: 'b.jpg',
        revision: 1,
        state: 'accepted',
        boxes: [drawn('x')],
        author: 'Ana',
      });
      await journal.append(step('sub/é 日本.jpg', set('y')));
      await journal.append(step('b.jpg', { op: 'forget', id: 'x' }, set('z')));
      expect(await readReview(folder)).toEqual(journal.decisions);
    }
    await using again = await ReviewJournal.open(folder);
    expect([...again.decisions.keys()]).toEqual(['b.jpg', 'sub/é 日本.jpg']);
    expect(again.decisions.get('b.jpg')).toMatchObject({ revision: 3, state: 'accepted', boxes: [drawn('z')] });
    expect(await again.append(step('c.jpg', set('x')))).toMatchObject({ revision: 4, state: 'open' });
  });

  it('writes what comes together at once, and applies it in order', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    const ids = Array.from({ length: 200 }, (_, i) => `b${i}`);
    const began = performance.now();
    const saved = await Promise.all(ids.map((id) => journal.append(step('a.jpg', set(id)))));
    expect(performance.now() - began).toBeLessThan(5000); // each with a write of its own would wait 20 s
    expect(saved.map(({ revision }) => revision)).toEqual(ids.map((_, i) => i + 1));
    expect(saved.map(({ boxes }) => boxes.length)).toEqual(ids.map((_, i) => i + 1));
    expect((await readReview(folder)).get('a.jpg')!.boxes.map(({ id }) => id)).toEqual(ids);
  });

  it('begins anew where the bytes of an image are others than those that were decided on', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    await journal.append(step('a.jpg', set('x'), { op: 'state', state: 'accepted' }));
    const saved = await journal.append({ ...step('a.jpg', set('y')), sha256: 'cd' });
    expect(saved).toMatchObject({ sha256: 'cd', state: 'open', boxes: [drawn('y')] });
    expect(await readFile(journal.path, 'utf8')).toContain('"sha256":"ab"');
  });

  it('writes what waits when it is closed', async () => {
    const folder = await temporaryFolder();
    const journal = await ReviewJournal.open(folder);
    const saved = [journal.append(step('a.jpg', set('x'))), journal.append(step('b.jpg', set('x')))];
    await Promise.all([journal[Symbol.asyncDispose](), ...saved]);
    expect((await readReview(folder)).size).toBe(2);
  });

  it('refuses to add to a file that another program has changed or removed', async () => {
    const folder = await temporaryFolder();
    await using journal = await ReviewJournal.open(folder);
    await journal.append(step('a.jpg', set('x')));
    const text = await readFile(journal.path, 'utf8');
    await appendFile(journal.path, text.replace('a.jpg', 'b.jpg'));
    const lost = { code: 'OUTPUT_LOST', message: expect.stringMatching(/review\.jsonl: another program has changed/) };
    await expect(journal.append(step('c.jpg', set('x')))).rejects.toMatchObject(lost);
    await rm(journal.path);
    await expect(journal.append(step('c.jpg', set('x')))).rejects.toMatchObject(lost);
    expect([...journal.decisions.keys()]).toEqual(['a.jpg']);
  });
});

describe('a file of decisions', () => {
  it('cut off at any byte gives every whole line, and takes further ones', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'review.jsonl');
    {
      await using journal = await ReviewJournal.open(folder);
      await Promise.all(['é.jpg', 'é.jpg'].map((image, i) => journal.append(step(image, set(`b${i}`)))));
    }
    const bytes = await readFile(path);
    for (let length = 0; length <= bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const lines = bytes.subarray(0, length).filter((byte) => byte === 0x0a).length;
      const before = await readReview(folder);
      expect([...before.values()].reduce((most, { revision }) => Math.max(most, revision), 0)).toBe(lines);
      if (length % 16 > 0 && bytes[length - 1] !== 0x0a) continue; // each write waits for the disk
      await using journal = await ReviewJournal.open(folder);
      expect(await journal.append(step('z.jpg', set('x')))).toMatchObject({ revision: lines + 1 });
      expect((await readReview(folder)).size).toBe(before.size + 1);
    }
  });

  it('with a changed or repeated line, or without line ends, is refused, naming the line', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'review.jsonl');
    {
      await using journal = await ReviewJournal.open(folder);
      await Promise.all(['a.jpg', 'b.jpg', 'c.jpg'].map((image) => journal.append(step(image, set('x')))));
    }
    const lines = (await readFile(path, 'utf8')).split('\n');
    const cases: [string, RegExp][] = [
      [lines.join('\n').replace('b.jpg', 'd.jpg'), /review\.jsonl:2: this line was changed/],
      [lines.join('\n').replace('c.jpg', 'd.jpg'), /review\.jsonl:3: this line was changed/],
      [[lines[0], lines[1], lines[1], ''].join('\n'), /review\.jsonl:3: its revision is not above/],
      [lines.join(''), /review\.jsonl:1: this line was changed/],
    ];
    for (const [text, message] of cases) {
      await writeFile(path, text);
      const error = { code: 'JOURNAL_DAMAGED', message: expect.stringMatching(message) };
      await expect(readReview(folder)).rejects.toMatchObject(error);
      await expect(ReviewJournal.open(folder)).rejects.toMatchObject(error);
      expect(await readFile(path, 'utf8')).toBe(text);
    }
    await writeFile(path, [lines[0], lines[2], ''].join('\n')); // a deleted line
    expect([...(await readReview(folder)).keys()]).toEqual(['a.jpg', 'c.jpg']);
  });
});
