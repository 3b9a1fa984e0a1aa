import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/core/errors.js';
import { ErrorLog } from '../../../src/run/error-log.js';
import { shuffled } from '../../support/random.js';
import { temporaryFolder } from '../../support/temporary.js';

const failureOf = (name: string): Failure => ({
  code: 'IMAGE_UNDECODABLE',
  message: `${name}: it is damaged "here" – ünd there.`,
  hint: 'Copy it again.',
});

const lineOf = (name: string) => `${JSON.stringify({ image: name, ...failureOf(name) })}\n`;

// In the order of their UTF-8 bytes, which is not that of JavaScript.
const NAMES = [
  'B.jpg',
  'a.jpg',
  'a/b.jpg',
  'a/\n.jpg',
  'b10.jpg',
  'b9.jpg',
  'ä.jpg',
  '\uff5e.jpg',
  '\u{1f600}.jpg',
].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

describe('errors.jsonl', () => {
  it('has the lines sorted by name, whichever image failed first', async () => {
    for (let seed = 0; seed < 5; seed++) {
      const folder = await temporaryFolder();
      await using log = await ErrorLog.open(folder);
      for (const name of shuffled(NAMES, seed)) await log.append(name, failureOf(name));
      await log.sort();
      expect(await readFile(join(folder, 'errors.jsonl'), 'utf8')).toBe(NAMES.map(lineOf).join(''));
      expect(await readdir(folder)).toEqual(['errors.jsonl']);
    }
  });

  it('has every line as soon as it is added, so that a killed run leaves them', async () => {
    const folder = await temporaryFolder();
    await using log = await ErrorLog.open(folder);
    await log.append('b.jpg', failureOf('b.jpg'));
    await log.append('a.jpg', failureOf('a.jpg'));
    expect(await readFile(join(folder, 'errors.jsonl'), 'utf8')).toBe(lineOf('b.jpg') + lineOf('a.jpg'));
  });

  it('is empty when nothing failed, also after an attempt in which something did', async () => {
    const folder = await temporaryFolder();
    {
      await using log = await ErrorLog.open(folder);
      await log.append('b.jpg', failureOf('b.jpg'));
    }
    await using log = await ErrorLog.open(folder);
    await log.sort();
    expect(await readFile(join(folder, 'errors.jsonl'), 'utf8')).toBe('');
  });

  it('keeps the lines of the last attempt until their images have been tried again', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'errors.jsonl');
    await writeFile(path, `${lineOf('c')}${lineOf('a')}${lineOf('b')}{"image":"torn`);
    await using log = await ErrorLog.continue(folder);
    expect(log.size).toBe(3);
    await log.append('c', { ...failureOf('c'), message: 'again' });
    log.remove('a');
    await log.sort();
    const again = `${JSON.stringify({ image: 'c', ...failureOf('c'), message: 'again' })}\n`;
    expect(await readFile(path, 'utf8')).toBe(lineOf('b') + again);
    await log.append('a', failureOf('a'));
    log.removeEarlier();
    await log.sort();
    expect(await readFile(path, 'utf8')).toBe(lineOf('a') + again);
  });

  it('keeps the order of several lines of one name', async () => {
    const folder = await temporaryFolder();
    await using log = await ErrorLog.open(folder);
    await log.append('b', { ...failureOf('b'), message: '2' });
    await log.append('b', { ...failureOf('b'), message: '1' });
    await log.append('a', failureOf('a'));
    await log.sort();
    const lines = (await readFile(join(folder, 'errors.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as Failure).message)).toEqual([failureOf('a').message, '2', '1']);
  });
});
