import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeNewFiles } from '../../src/disk/new-files.js';
import { temporaryFolder } from '../support/temporary.js';

const hint = 'Move it away.';

it('new files are written whole, into folders that are created', async () => {
  const folder = await temporaryFolder();
  await writeNewFiles(new Map([[join(folder, 'x/y/a'), 'one']]), { hint });
  expect(await readFile(join(folder, 'x/y/a'), 'utf8')).toBe('one');
});

it('every file that exists already is named, and nothing is written', async () => {
  const folder = await temporaryFolder();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => join(folder, name)) as [string, string, string];
  await writeFile(b, 'mine');
  await writeFile(c, 'mine');
  const files = new Map([
    [a, 'one'],
    [b, 'two'],
  ]);
  await expect(writeNewFiles(files, { conflicting: [b, c], hint })).rejects.toMatchObject({
    code: 'OUTPUT_UNUSABLE',
    message: `${b} and ${c} exist already; nothing was written.`,
    hint,
  });
  expect(await readdir(folder)).toEqual(['b', 'c']);
});

it('when a later file cannot be written, the earlier ones are removed again', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), 'mine');
  const files = new Map([
    [join(folder, 'a'), 'one'],
    [join(folder, 'file/b'), 'two'],
  ]);
  await expect(writeNewFiles(files, { hint })).rejects.toMatchObject({ code: 'OUTPUT_UNUSABLE' });
  expect(await readdir(folder)).toEqual(['file']);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('mine');
});
