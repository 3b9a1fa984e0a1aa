import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { FileLock } from '../../../src/disk/lock/file-lock.js';
import type { Holder } from '../../../src/disk/lock/holder.js';
import { LockHeldError } from '../../../src/disk/lock/take-over.js';
import { temporaryFolder } from '../../support/temporary.js';
import { contentOf, fakeClock, heldBy, isLinux, knownHolder, PARENT, startTicksOf } from './held-lock.js';

describe('a lock file of version 0.1', () => {
  it('of a process that may run is respected, names the process, and is taken with force', async () => {
    const path = await heldBy({});
    await expect(FileLock.take(path)).rejects.toMatchObject({ reason: 'uncertain', holder: { pid: PARENT } });
    await using lock = await FileLock.take(path, { takeOver: { force: true } });
    expect(lock.path).toBe(path);
  });

  it('of another machine is respected, whatever its process number', async () => {
    await expect(FileLock.take(await heldBy({ pid: 999_999_999, host: 'elsewhere' }))).rejects.toThrow(LockHeldError);
  });

  it.each([999_999_999, 2 ** 32, 0, -1])('of a process that is not there (%i) is taken over', async (pid) => {
    const path = await heldBy({ pid });
    {
      await using lock = await FileLock.take(path);
      expect(lock.path).toBe(path);
    }
    expect(await readdir(dirname(path))).toEqual([]);
  });
});

describe.skipIf(!isLinux)('a lock file of this machine (needs /proc)', () => {
  it('of a running process is respected, even with force and after any time', async () => {
    const path = await heldBy(await knownHolder({ startTicks: await startTicksOf(PARENT) }));
    for (const takeOver of [{}, { force: true }, { afterMs: 1 }]) {
      await expect(FileLock.take(path, { takeOver })).rejects.toMatchObject({ reason: 'running' });
      await expect(FileLock.assertFree(path, takeOver)).rejects.toMatchObject({ reason: 'running' });
    }
  });

  it('is taken over when its pid has been reused', async () => {
    const path = await heldBy(await knownHolder({ startTicks: (await startTicksOf(PARENT)) - 1 }));
    await FileLock.assertFree(path);
    await using lock = await FileLock.take(path);
    expect(await contentOf(path)).toMatchObject({ pid: process.pid, startTicks: await startTicksOf(process.pid) });
    expect(lock).toBeDefined();
  });

  it('is not taken a second time by the process that has it', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await using _lock = await FileLock.take(path);
    await expect(FileLock.take(path)).rejects.toMatchObject({ reason: 'running' });
  });

  it.each([
    ['in another PID namespace', { namespace: 'pid:[4026539999]' }],
    ['of another boot', { boot: 'b007' }],
    ['of another boot in a container', { boot: 'b007', namespace: 'pid:[4026539999]', machine: 'image' }],
  ])('of a process %s is respected, even if there is no such process here', async (_what, changed) => {
    const { machine: _machine, ...holder } = await knownHolder({ pid: 999_999, startTicks: 1, ...changed });
    const path = await heldBy(holder);
    await expect(FileLock.take(path)).rejects.toMatchObject({ reason: 'uncertain' });
    await expect(FileLock.assertFree(path)).rejects.toMatchObject({ reason: 'uncertain' });
    await using lock = await FileLock.take(path, { takeOver: { force: true } });
    expect(lock).toBeDefined();
  });
});

describe('a lock of which it is uncertain whether its holder has ended', () => {
  it('is taken over when no heartbeat is seen for long enough, and says that it waits', async () => {
    const path = await heldBy({ host: 'elsewhere', heartbeat: '2026-01-01T00:00:00.000Z' });
    const clock = fakeClock();
    const watched: (Holder | undefined)[] = [];
    const takeOver = { afterMs: 300_000, onWatch: (holder: Holder | undefined) => watched.push(holder) };
    await using _lock = await FileLock.take(path, { takeOver, clock });
    expect(clock.now()).toBeGreaterThanOrEqual(300_000);
    expect(watched).toMatchObject([{ host: 'elsewhere' }]);
    expect((await contentOf(path)).host).toBe(hostname());
  });

  it('is respected as soon as its heartbeat moves', async () => {
    const holder = { host: 'elsewhere', heartbeat: '2026-01-01T00:00:00.000Z' };
    const path = await heldBy(holder);
    const beat = { pid: 1, started: '', ...holder, heartbeat: '2026-01-01T00:04:00.000Z' };
    const clock = fakeClock(async (atMs) => {
      if (atMs === 240_000) await writeFile(path, JSON.stringify(beat));
    });
    const taking = FileLock.take(path, { takeOver: { afterMs: 300_000 }, clock });
    await expect(taking).rejects.toMatchObject({ reason: 'heartbeat', holder: { host: 'elsewhere' } });
    expect(clock.now()).toBe(240_000);
    expect(await contentOf(path)).toMatchObject(beat);
  });

  it('restarts the waiting time after the watcher was suspended', async () => {
    const path = await heldBy({ host: 'elsewhere' });
    let atMs = 0;
    let sleeps = 0;
    const clock = {
      now: () => atMs,
      sleep: async (ms: number) => {
        atMs += ++sleeps === 3 ? 3_600_000 : ms; // the machine was suspended for an hour
        if (sleeps === 10) await writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: 'moved' }));
      },
    };
    const taking = FileLock.take(path, { takeOver: { afterMs: 30_000 }, clock });
    await expect(taking).rejects.toMatchObject({ reason: 'heartbeat' });
  });

  it('can be given up waiting for', async () => {
    const path = await heldBy({ host: 'elsewhere' });
    const stop = new AbortController();
    const taking = FileLock.take(path, { takeOver: { afterMs: 300_000, signal: stop.signal } });
    stop.abort();
    await expect(taking).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('of a form that is not known is respected unless it is forced', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, '{"version": 9}');
    await expect(FileLock.take(path)).rejects.toMatchObject({ reason: 'uncertain', holder: undefined });
    await using lock = await FileLock.take(path, { takeOver: { force: true } });
    expect(lock).toBeDefined();
  });
});

describe('a lock that was cut short', () => {
  it('by a crash is taken over', async () => {
    const path = join(await temporaryFolder(), 'lock');
    for (const text of ['', '{"pid":', '\0'.repeat(100)]) {
      await writeFile(path, text);
      await using lock = await FileLock.take(path);
      expect(lock).toBeDefined();
    }
  });

  it('because it is being written is respected', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await writeFile(path, '');
    const clock = fakeClock(() => writeFile(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '' })));
    await expect(FileLock.take(path, { clock })).rejects.toThrow(LockHeldError);
  });
});

it('a lock has one holder, however many take it over at the same time', async () => {
  const path = await heldBy({ host: 'elsewhere' });
  const takers = Array.from({ length: 20 }, () => FileLock.take(path, { takeOver: { force: true } }));
  const taken = (await Promise.allSettled(takers)).filter((taker) => taker.status === 'fulfilled');
  const held = await Promise.all(taken.map(({ value }) => value.isHeld()));
  expect(held.filter(Boolean)).toHaveLength(1);
  for (const { value } of taken) await value[Symbol.asyncDispose]();
  expect(await readdir(dirname(path))).toEqual([]);
});

describe('the holder of a lock', () => {
  it('writes a heartbeat every few seconds, in place', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await using lock = await FileLock.take(path);
    const before = await readFile(path, 'utf8');
    await vi.waitFor(async () => expect(await readFile(path, 'utf8')).not.toBe(before), { timeout: 20_000 });
    const after = await readFile(path, 'utf8');
    expect(after).toHaveLength(before.length);
    expect({ ...(JSON.parse(after) as object), heartbeat: '' }).toEqual({ ...JSON.parse(before), heartbeat: '' });
    expect(await lock.isHeld()).toBe(true);
  });

  it.each([
    [
      'another process has it',
      (path: string) => writeFile(path, '{"pid":1,"host":"elsewhere","started":"","key":"x"}'),
    ],
    ['it was removed', (path: string) => rm(path)],
    ['its folder was removed', (path: string) => rm(dirname(path), { recursive: true })],
  ])('notices that %s, once, and leaves what is there alone', async (_what, change) => {
    const path = join(await temporaryFolder(), 'folder/lock');
    await mkdir(dirname(path));
    const onLost = vi.fn();
    const lock = await FileLock.take(path, { onLost });
    await change(path);
    const left = await readFile(path, 'utf8').catch(() => undefined);
    expect(await lock.isHeld()).toBe(false);
    expect(await lock.isHeldSinceHeartbeat()).toBe(false);
    await lock[Symbol.asyncDispose]();
    expect(onLost).toHaveBeenCalledTimes(1);
    expect(await readFile(path, 'utf8').catch(() => undefined)).toBe(left);
  });

  it('keeps it while another process looks whether it is stale', async () => {
    const path = join(await temporaryFolder(), 'lock');
    await using lock = await FileLock.take(path);
    await rename(path, `${path}-aside`);
    const held = lock.isHeld();
    await sleep(50);
    await rename(`${path}-aside`, path);
    expect(await held).toBe(true);
  });

  it('looks at the file when its heartbeat is overdue, as after it was stopped', async () => {
    const path = join(await temporaryFolder(), 'lock');
    let atMs = 0;
    const clock = { now: () => atMs, sleep: () => Promise.resolve() };
    const lock = await FileLock.take(path, { clock });
    await writeFile(path, '{"pid":1,"host":"elsewhere","started":"","key":"x"}');
    expect(await lock.isHeldSinceHeartbeat()).toBe(true);
    atMs = 60_000;
    expect(await lock.isHeldSinceHeartbeat()).toBe(false);
    await lock[Symbol.asyncDispose]();
  });
});
