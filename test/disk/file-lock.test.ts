import { readdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileLock, LockHeld } from '../../src/disk/file-lock.js';
import { temporaryFolder } from '../support/temporary.js';

const INIT = 1; // a process that is always there

async function heldBy(pid: number, host: string): Promise<string> {
  const path = join(await temporaryFolder(), 'lock');
  await writeFile(path, JSON.stringify({ pid, host, started: '2026-01-01T00:00:00Z' }));
  return path;
}

describe('a lock file', () => {
  it('of a running process is respected, and names the process', async () => {
    const path = await heldBy(INIT, hostname());
    await expect(FileLock.take(path)).rejects.toMatchObject({ name: 'LockHeld', holder: { pid: INIT } });
  });

  it('of another machine is respected, whatever its process number', async () => {
    await expect(FileLock.take(await heldBy(999_999_999, 'elsewhere'))).rejects.toThrow(LockHeld);
  });

  it('of a process that has ended is taken over, and removed when its new holder releases it', async () => {
    const path = await heldBy(999_999_999, hostname());
    {
      await using lock = await FileLock.take(path);
      expect(lock.path).toBe(path);
    }
    expect(await readdir(dirname(path))).toEqual([]);
  });
});
