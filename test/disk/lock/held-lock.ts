import { readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { LockClock } from '../../../src/disk/lock/clock.js';
import type { Holder } from '../../../src/disk/lock/holder.js';
import { identifyProcess } from '../../../src/disk/lock/process-identity.js';
import { temporaryFolder } from '../../support/temporary.js';

export const PARENT = process.ppid; // a process that is there for as long as the tests run
export const isLinux = process.platform === 'linux';

export async function heldBy(holder: Partial<Holder>): Promise<string> {
  const path = join(await temporaryFolder(), 'lock');
  await writeFile(path, JSON.stringify({ pid: PARENT, host: hostname(), started: '2026-01-01T00:00:00Z', ...holder }));
  return path;
}

/** A holder of this machine as a newer version writes it. @param changed - What is different about it. */
export async function knownHolder(changed: Partial<Holder>): Promise<Partial<Holder>> {
  const { boot, namespace, machine } = await identifyProcess();
  return {
    ...(boot === undefined ? {} : { boot }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(machine === undefined ? {} : { machine }),
    key: 'theirs',
    heartbeat: '2026-01-01T00:00:00.000Z',
    ...changed,
  };
}

/** @see proc_pid_stat(5), field 22 */
export async function startTicksOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Time that passes only while something waits. @param onSleep - Called after each wait, with the time so far. */
export function fakeClock(onSleep: (atMs: number) => Promise<void> = () => Promise.resolve()): LockClock {
  let atMs = 0;
  return {
    now: () => atMs,
    sleep: async (ms) => {
      atMs += ms;
      await onSleep(atMs);
    },
  };
}

export const contentOf = async (path: string) => JSON.parse(await readFile(path, 'utf8')) as Holder;
