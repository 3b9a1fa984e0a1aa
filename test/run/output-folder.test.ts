import { readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assertClassesKept, lockClasses } from '../../src/run/classes.js';
import { ImageIds } from '../../src/run/image-ids.js';
import { OutputLock } from '../../src/run/output-lock.js';
import { temporaryFolder } from '../support/temporary.js';

const classOf = (name: string, id: number) => ({ name, id, prompts: [name] });

describe('classes.json', () => {
  it('keeps the number of every class, and takes new ones in', async () => {
    const path = join(await temporaryFolder(), 'classes.json');
    await assertClassesKept(path, [classOf('dog', 1)]);
    await lockClasses(path, [classOf('dog', 1), classOf('cat', 2)]);
    await lockClasses(path, [classOf('cat', 2), classOf('"é"', 7)]);
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ dog: 1, cat: 2, '"é"': 7 });
  });

  it.each([
    ['a class with another number', [classOf('dog', 2)], /class "dog" had id 1, now 2/],
    ['a number that a class had which is gone', [classOf('bird', 1)], /id 1 is that of class "dog", now of "bird"/],
  ])('refuses %s, and stays as it was', async (_what, classes, message) => {
    const path = join(await temporaryFolder(), 'classes.json');
    await lockClasses(path, [classOf('dog', 1)]);
    await expect(assertClassesKept(path, classes)).rejects.toMatchObject({
      code: 'RESUME_MISMATCH',
      message: expect.stringMatching(message),
    });
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ dog: 1 });
  });
});

describe('image numbers', () => {
  it('follow the names at first; images that come later get the next ones', async () => {
    const path = join(await temporaryFolder(), 'images.jsonl');
    await ImageIds.extend(path, ['b.jpg', 'a.jpg'], { restart: false });
    const ids = await ImageIds.extend(path, ['0.jpg', 'a.jpg', 'new\nline.jpg'], { restart: false });
    expect(['a.jpg', 'b.jpg', '0.jpg', 'new\nline.jpg'].map((name) => ids.of(name))).toEqual([1, 2, 3, 4]);
    expect((await ImageIds.read(path)).of('0.jpg')).toBe(3);
    expect(() => ids.of('never')).toThrow('never');
  });

  it('begin again on restart', async () => {
    const path = join(await temporaryFolder(), 'images.jsonl');
    await ImageIds.extend(path, ['b.jpg'], { restart: false });
    const ids = await ImageIds.extend(path, ['b.jpg', 'a.jpg'], { restart: true });
    expect(ids.of('a.jpg')).toBe(1);
  });
});

describe('the lock of an output folder', () => {
  it('is refused while its holder lives, with pid, host and time', async () => {
    const path = join(await temporaryFolder(), 'deep', 'lock');
    const parent = { pid: process.ppid, host: hostname(), started: '2026-01-01T00:00:00.000Z' };
    {
      await using _lock = await OutputLock.take(path);
      await writeFile(path, JSON.stringify(parent)); // as if another living process held it
      await expect(OutputLock.take(path)).rejects.toMatchObject({
        code: 'OUTPUT_LOCKED',
        message: expect.stringMatching(`process ${process.ppid} on ${hostname()}, since 2026`),
      });
    }
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(parent); // whoever gave up its own lock leaves another's
    await rm(path);
    await using again = await OutputLock.take(path);
    expect(again).toBeDefined();
  });

  it.each([
    ['of a process that is gone', JSON.stringify({ pid: 2 ** 22 + 1, host: hostname(), started: '' })],
    ['that was cut short', '{"pid":'],
  ])('%s is taken over', async (_what, content) => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, content);
    await using lock = await OutputLock.take(path);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(lock).toBeDefined();
  });

  it('of another machine is never taken over', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '' }));
    await expect(OutputLock.take(path)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  });
});
