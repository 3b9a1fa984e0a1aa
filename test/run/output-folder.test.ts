import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OutputLock } from '../../src/run/lock/output-lock.js';
import { temporaryFolder } from '../support/temporary.js';

/** Puts a lock into a folder, as another process would leave it. */
async function lockLeftIn(folder: string, content: object | string): Promise<string> {
  const path = join(folder, '.preannotate/lock');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('the lock of an output folder', () => {
  it('is refused while its holder lives, with pid, host and time', async () => {
    const folder = join(await temporaryFolder(), 'deep');
    const parent = { pid: process.ppid, host: hostname(), started: '2026-01-01T00:00:00.000Z' };
    const refusal = {
      code: 'OUTPUT_LOCKED',
      message: expect.stringMatching(`process ${process.ppid} on ${hostname()}, since 2026`) as string,
    };
    let path: string;
    {
      await using _lock = await OutputLock.take(folder);
      path = await lockLeftIn(folder, parent); // as if another living process held it
      await expect(OutputLock.take(folder)).rejects.toMatchObject(refusal);
      await expect(OutputLock.assertAvailable(folder)).rejects.toMatchObject(refusal);
    }
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(parent); // a holder removes no lock but its own
    await rm(path);
    await using again = await OutputLock.take(folder);
    expect(again).toBeDefined();
  });

  it.each([
    ['of a process that has ended', { pid: 2 ** 22 + 1, host: hostname(), started: '' }],
    ['that was cut short', '{"pid":'],
  ])('%s is taken over', async (_what, content) => {
    const folder = await temporaryFolder();
    const path = await lockLeftIn(folder, content);
    await OutputLock.assertAvailable(folder);
    await using lock = await OutputLock.take(folder);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ pid: process.pid });
    expect(lock).toBeDefined();
  });

  it('of another machine is never taken over', async () => {
    const folder = await temporaryFolder();
    await lockLeftIn(folder, { pid: 1, host: 'elsewhere', started: '' });
    await expect(OutputLock.take(folder)).rejects.toMatchObject({ code: 'OUTPUT_LOCKED' });
  });

  it('leaves no empty folders behind', async () => {
    const folder = await temporaryFolder();
    {
      await using _lock = await OutputLock.take(join(folder, 'a/b'));
      expect(await readdir(join(folder, 'a/b/.preannotate'))).toEqual(['lock']);
    }
    expect(await readdir(folder)).toEqual([]);
    {
      await using _lock = await OutputLock.take(join(folder, 'a/b'));
      await writeFile(join(folder, 'a/result'), '');
    }
    expect(await readdir(join(folder, 'a'))).toEqual(['result']);
  });

  it('is refused in a folder that cannot be written, which stays as it is', async () => {
    const file = join(await temporaryFolder(), 'file');
    await writeFile(file, 'mine');
    const refusal = {
      code: 'OUTPUT_UNUSABLE',
      message: expect.stringContaining(`${file} cannot be written`) as string,
    };
    await expect(OutputLock.assertAvailable(file)).rejects.toMatchObject(refusal);
    await expect(OutputLock.take(file)).rejects.toMatchObject(refusal);
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
