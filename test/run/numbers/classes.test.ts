import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalHeader } from '../../../src/run/header.js';
import { assertClassesKept, readClasses, recordClasses, withClasses } from '../../../src/run/numbers/classes.js';
import { temporaryFolder } from '../../support/temporary.js';
import { header as oldHeader } from '../journal-header.js';

const classOf = (name: string, id: number) => ({ name, id, prompts: [name] });
const run = { root: '/images', selection: {}, formats: ['coco'], found: 1 };

/** The header of a journal that has a copy of classes.json. */
const headerWith = (classes: Record<string, number>): JournalHeader => ({ ...oldHeader, run: { ...run, classes } });

async function folderWith(content?: string): Promise<string> {
  const folder = await temporaryFolder();
  if (content !== undefined) await writeFile(join(folder, 'classes.json'), content);
  return folder;
}

/** What a run writes that has these classes. */
async function written(folder: string, header: JournalHeader | undefined, classes: ReturnType<typeof classOf>[]) {
  const known = await readClasses(folder, header);
  assertClassesKept(known, classes);
  await recordClasses(known, withClasses(known, classes));
  return JSON.parse(await readFile(join(folder, 'classes.json'), 'utf8')) as unknown;
}

describe('classes.json', () => {
  it('keeps the number of every class, and takes new ones in', async () => {
    const folder = await folderWith();
    await written(folder, undefined, [classOf('dog', 1)]);
    await written(folder, undefined, [classOf('dog', 1), classOf('cat', 2)]);
    expect(await written(folder, undefined, [classOf('cat', 2), classOf('"é"', 7)])).toEqual({
      dog: 1,
      cat: 2,
      '"é"': 7,
    });
  });

  it.each([
    ['a class with another number', [classOf('dog', 2)], /class "dog" had id 1, now 2/],
    ['a number that a class had which is gone', [classOf('bird', 1)], /id 1 is that of class "dog", now of "bird"/],
  ])('refuses %s, and stays as it was', async (_what, classes, message) => {
    const folder = await folderWith('{"dog": 1}');
    await expect(written(folder, undefined, classes)).rejects.toMatchObject({
      code: 'RESUME_MISMATCH',
      message: expect.stringMatching(message),
    });
    expect(await readFile(join(folder, 'classes.json'), 'utf8')).toBe('{"dog": 1}');
  });

  it.each(['null', '[]', '', '{"dog": "1"}', '{"dog": 1', '{"dog": 1.5}', '\u0000'.repeat(30)])(
    'damaged into %j is written again from its copy in the journal, classes of earlier ontologies included',
    async (content) => {
      const folder = await folderWith(content);
      const known = await readClasses(folder, headerWith({ cat: 4, dog: 1 }));
      expect(known.notes).toEqual([expect.stringMatching(/classes\.json cannot be read: .* written again/)]);
      expect(await written(folder, headerWith({ cat: 4, dog: 1 }), [classOf('dog', 1)])).toEqual({ cat: 4, dog: 1 });
    },
  );

  it('that is missing is written again from its copy in the journal', async () => {
    const folder = await folderWith();
    expect(await written(folder, headerWith({ cat: 4, dog: 1 }), [classOf('dog', 1)])).toEqual({ cat: 4, dog: 1 });
  });

  it.each([
    ['another number', '{"cat": 5, "dog": 1}', /class "cat" had id 5, now 4/],
    ['another name', '{"cot": 4, "dog": 1}', /id 4 is that of class "cot", now of "cat"/],
  ])('that has %s than its copy in the journal is refused, and stays as it was', async (_what, content, message) => {
    const folder = await folderWith(content);
    await expect(readClasses(folder, headerWith({ cat: 4, dog: 1 }))).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('delete it'),
    });
    expect(await readFile(join(folder, 'classes.json'), 'utf8')).toBe(content);
  });

  it('damaged beside a journal of version 0.1, which has no copy, is refused, listing what is known', async () => {
    await expect(readClasses(await folderWith('null'), oldHeader)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringMatching(/classes\.json cannot be read/),
      hint: expect.stringMatching(/^Restore the file from a copy.* The journal has dog 1\. .*delete the file/),
    });
  });
});
