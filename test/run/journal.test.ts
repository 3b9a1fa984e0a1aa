import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Journal } from '../../src/run/journal.js';
import { readJournal, RecordFile } from '../../src/run/read-journal.js';
import { formatLine, parseLine } from '../../src/disk/checked-line.js';
import type { ImageRecord } from '../../src/run/record.js';
import { temporaryFolder } from '../support/temporary.js';
import { header } from './journal-header.js';

function record(image: string): ImageRecord {
  return {
    image,
    width: 640,
    height: 480,
    detections: [{ class: 'dog', prompt: 'a dog', score: 0.5, box: [1, 2, 3, 4], patch: 7 }],
    size_bytes: 10,
    modified_ms: 20,
    sha256: 'ef',
  };
}

async function written(names: string[]): Promise<string> {
  const folder = await temporaryFolder();
  await using journal = await Journal.begin(folder, header);
  for (const name of names) await journal.append(record(name));
  return folder;
}

const namesIn = async (folder: string) => [...((await readJournal(folder))?.entries.keys() ?? [])];

describe('a line', () => {
  it('is one JSON object that ends with a checksum of itself', () => {
    const line = formatLine({ image: 'a\n"b".jpg', n: 1 });
    expect(JSON.parse(line)).toMatchObject({
      image: 'a\n"b".jpg',
      n: 1,
      check: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(parseLine(line.trimEnd())).toEqual({ image: 'a\n"b".jpg', n: 1 });
  });

  it('with any one character changed is not accepted', () => {
    const line = formatLine({ image: 'a.jpg', score: 0.5 }).trimEnd();
    for (let i = 0; i < line.length; i++) {
      const changed = line.slice(0, i) + (line[i] === 'x' ? 'y' : 'x') + line.slice(i + 1);
      expect(parseLine(changed), changed).toBeUndefined();
    }
  });
});

describe('a journal', () => {
  it('gives back what was written, image by image', async () => {
    const folder = await written(['b.jpg', 'sub/é 日本.jpg', 'a.jpg']);
    const contents = (await readJournal(folder))!;
    expect(contents.header).toEqual(header);
    expect([...contents.entries.keys()]).toEqual(['b.jpg', 'sub/é 日本.jpg', 'a.jpg']);
    await using records = await RecordFile.open(contents.path);
    expect(await records.read(contents.entries.get('sub/é 日本.jpg')!)).toMatchObject(record('sub/é 日本.jpg'));
  });

  it('takes several images in one write, in lines of their own, the same one twice too', async () => {
    const folder = await written(['a.jpg']);
    {
      await using journal = await Journal.begin(folder, header, await readJournal(folder));
      await journal.appendAll([]);
      await journal.appendAll(
        ['b.jpg', 'é.jpg', 'b.jpg', 'a.jpg'].map((name, i) => ({ ...record(name), width: i + 1 })),
      );
      const { entries } = (await readJournal(folder))!;
      expect([...journal.entries].sort()).toEqual([...entries].sort());
    }
    const { entries, path, lines } = (await readJournal(folder))!;
    expect(lines).toBe(6); // with the header
    await using records = await RecordFile.open(path);
    expect(await records.read(entries.get('b.jpg')!)).toMatchObject({ width: 3, replaces: 1 });
    expect(await records.read(entries.get('a.jpg')!)).toMatchObject({ width: 4, replaces: 1 });
    expect(await records.read(entries.get('é.jpg')!)).toEqual({ ...record('é.jpg'), width: 2 });
  });

  it('continues where an earlier attempt ended', async () => {
    const folder = await written(['a.jpg']);
    {
      await using journal = await Journal.begin(folder, header, await readJournal(folder));
      expect(journal.entries.has('a.jpg')).toBe(true);
      await journal.append(record('b.jpg'));
    }
    expect(await namesIn(folder)).toEqual(['a.jpg', 'b.jpg']);
  });

  it.each([1, 2, 10, 100, 150, 170])('cut short by %i bytes loses at most one line and is repaired', async (lost) => {
    const folder = await written(['a.jpg', 'b.jpg', 'c.jpg']);
    const path = join(folder, 'detections.jsonl');
    const whole = await readFile(path);
    await truncate(path, whole.length - lost);
    const earlier = (await readJournal(folder))!;
    expect(earlier.torn).toBe(true);
    expect([...earlier.entries.keys()]).toEqual(['a.jpg', 'b.jpg']);
    {
      await using journal = await Journal.begin(folder, header, earlier);
      await journal.append(record('c.jpg'));
    }
    expect((await readFile(path)).equals(whole)).toBe(true);
  });

  it('cut short within its first line counts as absent', async () => {
    const folder = await written([]);
    await truncate(join(folder, 'detections.jsonl'), 50);
    expect(await readJournal(folder)).toBeUndefined();
    {
      await using _journal = await Journal.begin(folder, header);
    }
    expect(await readJournal(folder)).toMatchObject({ header });
  });

  it('damaged in the middle is refused with the number of the line', async () => {
    const folder = await written(['a.jpg', 'b.jpg', 'c.jpg']);
    const path = join(folder, 'detections.jsonl');
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[2] = lines[2]!.replace('0.5', '0.6');
    await writeFile(path, lines.join('\n'));
    await expect(readJournal(folder)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(`${path}:3`),
    });
  });

  it('holds the last result of an image, and may replace it again and again', async () => {
    const folder = await written(['a.jpg', 'b.jpg']);
    for (const sha256 of ['second', 'third']) {
      await using journal = await Journal.begin(folder, header, await readJournal(folder));
      await journal.append({ ...record('a.jpg'), sha256 });
      expect(journal.entries.get('a.jpg')).toEqual((await readJournal(folder))!.entries.get('a.jpg'));
    }
    const { entries, path } = (await readJournal(folder))!;
    await using records = await RecordFile.open(path);
    expect(await records.read(entries.get('a.jpg')!)).toMatchObject({ sha256: 'third', replaces: 2 });
    expect(entries.get('b.jpg')).toMatchObject({ line: 3, replaces: 0 });
    const lines = (await readFile(path, 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(5); // what was replaced stays
    const without = async (...order: number[]) => {
      await writeFile(path, order.map((i) => `${lines[i]!}\n`).join(''));
      return await readJournal(folder);
    };
    expect((await without(0, 1, 2, 4))?.entries.get('a.jpg')?.replaces).toBe(2); // a damaged line was deleted
    for (const order of [
      [0, 1, 2, 4, 3],
      [0, 3, 2, 1],
      [0, 1, 2, 3, 3],
      [0, 1, 2, 1],
    ])
      await expect(without(...order), order.join()).rejects.toThrow(/a\.jpg has line \d too/);
  });

  it.each<[what: string, image: string, id: number]>([
    ['two numbers of one image', 'a.jpg', 3],
    ['one number of two images', 'b.jpg', 1],
  ])('with %s is refused, also where a result is replaced', async (_what, image, id) => {
    const folder = await temporaryFolder();
    const lines = [header, { ...record('a.jpg'), id: 1 }, { ...record(image), id, replaces: 1 }];
    await writeFile(join(folder, 'detections.jsonl'), lines.map(formatLine).join(''));
    await expect(readJournal(folder)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(`detections.jsonl:3: ${image} has the number ${id}`) as string,
    });
  });

  it('that is started again replaces the earlier one', async () => {
    const folder = await written(['a.jpg']);
    {
      await using _journal = await Journal.begin(folder, header);
    }
    expect(await namesIn(folder)).toEqual([]);
  });
});
