import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Fit } from '../../src/core/inference/input-form.js';
import { assertSameJob, withFit, type JournalHeader } from '../../src/run/header.js';
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

describe('the job that a journal belongs to', () => {
  const compare = (changed: Partial<JournalHeader>, before = header) => {
    assertSameJob(before, { ...header, ...changed }, 'detections.jsonl');
  };

  it.each<[string, Partial<JournalHeader>, RegExp]>([
    ['model', { model: { ...header.model, sha256: 'ff' } }, /SHA-256 of its weights\) was "ab"; now it is "ff"/],
    [
      'image size',
      { options: { ...header.options, image_size: [96, 96] } },
      /image_size was "native"; now it is \[96,96\]/,
    ],
    [
      'prompt',
      { ontology: { ...header.ontology, classes: [{ name: 'dog', id: 1, prompts: ['a puppy'] }] } },
      /prompts of class "dog" was \["a dog"\]; now it is \["a puppy"\]/,
    ],
    ['ignored prompt', { ontology: { ...header.ontology, ignore: ['a toy'] } }, /ignored prompts/],
  ])('differs from one with another %s, and the difference is named', (_what, changed, message) => {
    expect(() => compare(changed)).toThrow(
      expect.objectContaining({ code: 'RESUME_MISMATCH', message: expect.stringMatching(message) as string }),
    );
  });

  it('was computed in fp32 when the journal is of a version without --precision', () => {
    const { precision: _, ...without } = header.options;
    const old = { ...header, options: without };
    compare({}, old);
    expect(() => compare({ options: { ...header.options, precision: 'int8' } }, old)).toThrow(
      'precision was "fp32"; now it is "int8"',
    );
  });

  it.each<[string, Partial<JournalHeader['options']>, Partial<JournalHeader['options']>, RegExp, RegExp]>([
    [
      'padded another way',
      { fit: 'grey' },
      { fit: 'letterbox' },
      /fit was "grey"; now it is "letterbox"/,
      /Add --fit grey to/,
    ],
    [
      'given sliced positions',
      { fit: 'letterbox', positions: 'slice' },
      {},
      /positions was "slice"; now it is "interpolate"/,
      /Add --positions auto to/,
    ],
    [
      'both',
      { fit: 'grey' },
      { fit: 'stretch', positions: 'slice' },
      /was "/,
      /Add --fit grey, and add --positions interpolate to/,
    ],
    [
      'padded another way, of another size',
      { fit: 'grey' },
      { image_size: [9, 9] },
      /image_size/,
      /^Give another --out/,
    ],
  ])('whose images were %s is finished with the flags that the message names', (_what, was, is, message, hint) => {
    const before = { ...header, options: { ...header.options, ...was } };
    expect(() => compare({ options: { ...header.options, fit: 'letterbox', ...is } }, before)).toThrow(
      expect.objectContaining({
        code: 'RESUME_MISMATCH',
        message: expect.stringMatching(message) as string,
        hint: expect.stringMatching(hint) as string,
      }),
    );
  });

  it('was fitted as version 0.1 did with its model, where the journal does not say', () => {
    const now = (fit: Fit) => ({ ...header, options: { ...header.options, fit } });
    compare(now('grey'), withFit(header, 'grey'));
    expect(() => compare(now('letterbox'), withFit(header, 'grey'))).toThrow('fit was "grey"; now it is "letterbox"');
    compare(now('stretch'), withFit(header, 'stretch'));
    compare(now('grey'), withFit(now('grey'), 'stretch'));
  });

  it('is the same with other thresholds, another version and another name of the model', () => {
    const classes = [{ ...header.ontology.classes[0]!, threshold: 0.9 }];
    compare({
      preannotate: '9.9.9',
      model: { ...header.model, reference: './copy' },
      ontology: { ...header.ontology, threshold: 0.4, classes },
    });
  });

  describe('that has several templates', () => {
    const ontology = { ...header.ontology, templates: ['{}', 'a photo of a {}'] };
    const { options } = header;
    const exact = { ontology, options: { ...options, template_mean: 'logits' as const } };

    it('is another one where earlier versions normalised their mean again, and the message gives ways to go on', () => {
      const asked = () => compare(exact, { ...header, ontology });
      expect(asked).toThrow(
        expect.objectContaining({
          code: 'RESUME_MISMATCH',
          message: expect.stringMatching(
            /was that of embeddings, normalised again; now it is that of logits\./,
          ) as string,
          hint: expect.stringMatching(
            /^Use the version of preannotate that began it to finish it.*--restart/,
          ) as string,
        }),
      );
    });

    it('is the same where both average logits, and with an export, which has one way of averaging', () => {
      compare(exact, { ...header, ...exact });
      compare({ ontology }, { ...header, ontology });
    });
  });

  describe('whose prompts are written in another way', () => {
    const specOf = (prompts: string[], more: object = {}) => ({
      ...header.ontology,
      classes: [{ name: 'dog', id: 1, prompts }],
      ignore: ['a toy'],
      ...more,
    });
    type Spec = ReturnType<typeof specOf>;
    const CANONICAL = { canonical: true };

    it.each<[what: string, before: Spec, now: Spec]>([
      ['version 0.1 and this one, with plain prompts', specOf(['a dog']), specOf(['a dog'], CANONICAL)],
      ['version 0.1 and this one, which ignores case', specOf(['A Dog']), specOf(['a dog'], CANONICAL)],
      [
        'two spellings with the same canonical form',
        specOf(['dog/puppy'], CANONICAL),
        specOf(['Dog puppy.'], CANONICAL),
      ],
      ['templates that differ in punctuation', ...spelled(['a {}', 'art of the {}'], ['A {}.', 'art of the {}.'])],
      [
        'version 0.1 and prompts that are asked as they are written',
        specOf(['T.V.']),
        specOf(['T.V.'], { canonical: false }),
      ],
    ])('is the same: %s', (_what, before, now) => {
      compare({ ontology: now }, { ...header, ontology: before });
    });

    function spelled(before: string[], now: string[]): [Spec, Spec] {
      return [specOf(['dog'], { ...CANONICAL, templates: before }), specOf(['dog'], { ...CANONICAL, templates: now })];
    }

    it.each<[what: string, before: Spec, now: Spec, message: string, hint: RegExp]>([
      [
        'a prompt of version 0.1 with punctuation',
        specOf(['a dog', 'T.V.']),
        specOf(['a dog', 'T.V.'], CANONICAL),
        'Difference: what the model is asked for "T.V." was "t.v."; now it is "t v".',
        /^Set `canonical: false` in the ontology .* to finish it/,
      ],
      [
        'a template of version 0.1 with punctuation',
        specOf(['Dog'], { templates: ['{}', 'a {}.'] }),
        specOf(['Dog'], { templates: ['{}', 'a {}.'], ...CANONICAL }),
        'Difference: what the model is asked for "Dog" was "a dog."; now it is "a dog".',
        /^Set `canonical: false` in the ontology .* to finish it/,
      ],
      [
        'templates of version 0.1 that are one now',
        specOf(['dog'], { templates: ['a {}', 'a {}!'] }),
        specOf(['dog'], { templates: ['a {}', 'a {}!'], ...CANONICAL }),
        'Difference: what the model is asked for "dog" was "a dog!"; now it is not asked.',
        /^Set `canonical: false` in the ontology .* to finish it/,
      ],
      [
        'a folder that was begun with canonical prompts',
        specOf(['T.V.'], CANONICAL),
        specOf(['T.V.'], { canonical: false }),
        'Difference: what the model is asked for "T.V." was "t v"; now it is "t.v.".',
        /^Remove `canonical: false` from the ontology to finish it/,
      ],
      [
        'other prompts beside another form',
        specOf(['T.V.']),
        specOf(['T.V.', 'radio'], CANONICAL),
        'Difference: prompts of class "dog" was ["T.V."]; now it is ["T.V.","radio"].',
        /run the first job again/,
      ],
      [
        'other templates',
        ...spelled(['a {}'], ['the {}']),
        'Difference: templates was ["a {}"]; now it is ["the {}"].',
        /run the first job again/,
      ],
      [
        'prompts that only together with a template are the same text',
        specOf(['dog'], { ...CANONICAL, templates: ['a photo of a {}'] }),
        specOf(['a photo of a dog'], CANONICAL),
        'Difference: prompts of class "dog" was ["dog"]; now it is ["a photo of a dog"].',
        /run the first job again/,
      ],
    ])('is another one with %s, and the message has the way to finish it', (_what, before, now, message, hint) => {
      expect(() => compare({ ontology: now }, { ...header, ontology: before })).toThrow(
        expect.objectContaining({
          message: expect.stringContaining(message) as string,
          hint: expect.stringMatching(hint) as string,
        }),
      );
    });
  });

  it('is finished by all that it takes, where several things differ', () => {
    const spec = { ...header.ontology, classes: [{ name: 'dog', id: 1, prompts: ['T.V.'] }] };
    const begun = { ...header, ontology: spec, options: { ...header.options, fit: 'grey' as const } };
    const now = { ontology: { ...spec, canonical: true }, options: { ...header.options, fit: 'letterbox' as const } };
    const hint = /^Set `canonical: false` in the ontology \(.*\), and add --fit grey to finish it as it was begun, /;
    expect(() => compare(now, begun)).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) as string }));
    const other = { ...now.ontology, classes: [...now.ontology.classes, { name: 'cat', id: 2, prompts: ['cat'] }] };
    expect(() => compare({ ...now, ontology: other }, begun)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/or run the first job again\.$/) as string }),
    );
  });

  it('is the same with one template or none, however several would be averaged', () => {
    for (const templates of [[], ['a photo of a {}']]) {
      const ontology = { ...header.ontology, templates };
      compare({ ontology }, { ...header, ontology });
    }
  });
});
