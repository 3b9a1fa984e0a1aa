import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalHeader } from '../../src/run/header.js';
import { Journal, readJournal, RecordFile } from '../../src/run/journal.js';
import { formatLine, parseLine } from '../../src/run/line.js';
import type { ImageRecord } from '../../src/run/record.js';
import { temporaryFolder } from '../support/temporary.js';

const header: JournalHeader = {
  journal: 1,
  preannotate: '0.0.0',
  created: '2026-01-01T00:00:00.000Z',
  model: { reference: 'builtin:emoji', sha256: 'ab', key: 'cd' },
  ontology: { templates: [], classes: [{ name: 'dog', id: 1, prompts: ['a dog'], threshold: 0.2 }], ignore: [] },
  options: {
    precision: 'fp32',
    image_size: 'native',
    score_floor: 0.05,
    max_stored: 300,
    max_pixels: 1e8,
    max_bytes: 1e8,
    strict_images: false,
    allow_truncate: false,
  },
};

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
  const path = join(await temporaryFolder(), 'detections.jsonl');
  await using journal = await Journal.open(path, header, { restart: false });
  await journal.begin();
  for (const name of names) await journal.append(record(name));
  return path;
}

const reopen = async (path: string, changed: Partial<JournalHeader> = {}) => {
  await using journal = await Journal.open(path, { ...header, ...changed }, { restart: false });
  return [...journal.entries.keys()];
};

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
    const path = await written(['b.jpg', 'sub/é 日本.jpg', 'a.jpg']);
    const contents = (await readJournal(path))!;
    expect(contents.header).toEqual(header);
    expect([...contents.entries.keys()]).toEqual(['b.jpg', 'sub/é 日本.jpg', 'a.jpg']);
    await using records = await RecordFile.open(path);
    expect(await records.read(contents.entries.get('sub/é 日本.jpg')!)).toMatchObject(record('sub/é 日本.jpg'));
  });

  it('goes on where an earlier attempt ended', async () => {
    const path = await written(['a.jpg']);
    {
      await using journal = await Journal.open(path, header, { restart: false });
      expect(journal.entries.has('a.jpg')).toBe(true);
      await journal.begin();
      await journal.append(record('b.jpg'));
    }
    expect(await reopen(path)).toEqual(['a.jpg', 'b.jpg']);
  });

  it.each([1, 2, 10, 100, 150, 170])('cut short by %i bytes loses one line at most, and is mended', async (lost) => {
    const path = await written(['a.jpg', 'b.jpg', 'c.jpg']);
    const whole = await readFile(path);
    await truncate(path, whole.length - lost);
    {
      await using journal = await Journal.open(path, header, { restart: false });
      expect(journal.mended).toBe(true);
      expect([...journal.entries.keys()]).toEqual(['a.jpg', 'b.jpg']);
      await journal.begin();
      await journal.append(record('c.jpg'));
    }
    expect((await readFile(path)).equals(whole)).toBe(true);
  });

  it('cut within its first line is begun again', async () => {
    const path = await written([]);
    await truncate(path, 50);
    {
      await using journal = await Journal.open(path, header, { restart: false });
      await journal.begin();
    }
    expect(await readJournal(path)).toMatchObject({ header });
  });

  it('damaged in the middle is refused with the number of the line', async () => {
    const path = await written(['a.jpg', 'b.jpg', 'c.jpg']);
    const lines = (await readFile(path, 'utf8')).split('\n');
    lines[2] = lines[2]!.replace('0.5', '0.6');
    await writeFile(path, lines.join('\n'));
    await expect(reopen(path)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(`${path}:3`),
    });
  });

  it('is thrown away on restart only, and not before the new one is begun', async () => {
    const path = await written(['a.jpg']);
    {
      await using journal = await Journal.open(path, header, { restart: true });
      expect(journal.entries.size).toBe(0);
      expect(await reopen(path)).toEqual(['a.jpg']);
      await journal.begin();
    }
    expect(await reopen(path)).toEqual([]);
  });

  it('without an image binds to nothing', async () => {
    const path = await written([]);
    expect(await reopen(path, { options: { ...header.options, image_size: [96, 96] } })).toEqual([]);
  });

  it.each<[string, Partial<JournalHeader>, RegExp]>([
    [
      'another model',
      { model: { ...header.model, sha256: 'ff' } },
      /SHA-256 of its weights\) was "ab"; now it is "ff"/,
    ],
    [
      'another image size',
      { options: { ...header.options, image_size: [96, 96] } },
      /image_size was "native"; now it is \[96,96\]/,
    ],
    [
      'another prompt',
      { ontology: { ...header.ontology, classes: [{ name: 'dog', id: 1, prompts: ['a puppy'] }] } },
      /prompts of class "dog" was \["a dog"\]; now it is \["a puppy"\]/,
    ],
    ['ignored prompts', { ontology: { ...header.ontology, ignore: ['a toy'] } }, /ignored prompts/],
  ])('of %s is not added to, and the difference is named', async (_what, changed, message) => {
    const path = await written(['a.jpg']);
    await expect(reopen(path, changed)).rejects.toMatchObject({
      code: 'RESUME_MISMATCH',
      message: expect.stringMatching(message),
    });
  });

  it('a journal of a version without --precision goes on in fp32, which was all there was', async () => {
    const { precision: _, ...without } = header.options;
    const path = join(await temporaryFolder(), 'detections.jsonl');
    const old = { ...header, options: without };
    {
      await using journal = await Journal.open(path, old, { restart: false });
      await journal.begin();
      await journal.append(record('a.jpg'));
      await journal.sync();
    }
    expect(await reopen(path, {})).toEqual(['a.jpg']);
    await expect(reopen(path, { options: { ...header.options, precision: 'int8' } })).rejects.toThrow(
      'precision was "fp32"; now it is "int8"',
    );
  });

  it('may be added to with other thresholds, another version and another name of the model', async () => {
    const path = await written(['a.jpg']);
    const classes = [{ ...header.ontology.classes[0]!, threshold: 0.9 }];
    const changed = {
      preannotate: '9.9.9',
      model: { ...header.model, reference: './copy' },
      ontology: { ...header.ontology, threshold: 0.4, classes },
    };
    expect(await reopen(path, changed)).toEqual(['a.jpg']);
  });
});
