import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withModelLock } from '../../src/hub/download-lock.js';
import { temporaryFolder } from '../support/temporary.js';

const INIT = 1; // a process that always exists

async function heldBy(pid: number, host: string): Promise<string> {
  const path = join(await temporaryFolder(), 'lock');
  await writeFile(path, JSON.stringify({ pid, host, started: '2026-01-01T00:00:00Z' }));
  return path;
}

describe('the download lock of a model', () => {
  it('is awaited with a single note, and the wait can be aborted', async () => {
    const path = await heldBy(INIT, hostname());
    const notes: string[] = [];
    const controller = new AbortController();
    const waiting = { signal: controller.signal, note: (message: string) => void notes.push(message) };
    const work = withModelLock(path, waiting, () => Promise.resolve('worked'));
    work.catch(() => {});
    while (notes.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 500));
    controller.abort();
    await expect(work).rejects.toThrow(/abort/);
    expect(notes).toEqual([`Waiting for process ${INIT} on ${hostname()}, which is fetching this model.`]);
  });

  it('is replaced when it belongs to another machine and has had no heartbeat for silentMs', async () => {
    const path = await heldBy(4711, 'elsewhere');
    expect(await withModelLock(path, { note: () => {}, silentMs: 300 }, () => Promise.resolve('worked'))).toBe(
      'worked',
    );
  });
});
