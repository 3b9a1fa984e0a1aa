import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { preannotate, Running, untilJournalled } from '../support/cli.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { end, photosOf, queueArgs, startWorker, untilPrinted, withFault } from './queue-runs.js';

const SLOW = withFault('slow.mjs', { SLOW_MS: '300' });

/** Everything ends within this time, whether the Redis answers or not. */
const STOP_MS = 10_000;

describe.skipIf(!hasRedis)('a run through a queue that is stopped (needs redis-server)', () => {
  it.each([
    ['SIGTERM', 143, 'has just died'],
    ['SIGINT', 130, 'has been away for a while'],
  ] as const)('by %s ends with %i on both sides within 10 s when the Redis %s', async (signal, code, since) => {
    const redis = await RedisServer.start();
    const photos = await photosOf(2);
    const out = join(photos.folder, 'out');
    const running = end(new Running(queueArgs(photos, redis.url)));
    const worker = startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(out, 2);
    const processes = await worker.workers();
    expect(processes).not.toEqual([]);
    await redis.kill();
    if (since !== 'has just died') {
      for (const each of [running, worker]) await untilPrinted(each, /does not answer/);
    }
    await Promise.all([running, worker].map((each) => expectStopped(each, signal, code)));
    await expect(access(join(out, '.preannotate/lock'))).rejects.toThrow('ENOENT');
    for (const pid of processes) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });

  it.each([
    ['answers', false],
    ['is away', true],
  ])('while a worker opens it ends within 10 s when the Redis %s', async (_, isAway) => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const running = end(new Running(queueArgs(photos, redis.url)));
    const worker = startWorker(redis.url, photos.folder, withFault('late-start.mjs', { OPEN_WHEN: '/nowhere' }));
    await untilOpening(worker);
    if (isAway) await redis.kill();
    await Promise.all([running, worker].map((each) => expectStopped(each, 'SIGTERM', 143)));
  });

  it('ends when its number in the queue cannot be read', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    await mkdir(join(photos.folder, 'out/.preannotate'), { recursive: true });
    await writeFile(join(photos.folder, 'out/.preannotate/queue.json'), '{bad');
    const { code, stderr } = await preannotate(queueArgs(photos, redis.url), { timeoutMs: 60_000 });
    expect(stderr).toMatch(/queue.json[^]*Remove the file/);
    expect(code).toBe(2);
  });

  it('a worker that cannot begin to work for a run says why and ends with 1', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    end(new Running(queueArgs(photos, redis.url)));
    const worker = startWorker(redis.url, photos.folder, withFault('no-queue-worker.mjs'));
    const { code, stderr } = await worker.finished();
    expect(stderr).toContain('this library is on strike');
    expect(code).toBe(1);
  });

  it('a worker that opens a run while the Redis becomes full waits until there is room', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const opensWhen = join(photos.folder, 'open');
    const running = end(new Running(queueArgs(photos, redis.url)));
    const worker = startWorker(redis.url, photos.folder, withFault('late-start.mjs', { OPEN_WHEN: opensWhen }));
    await untilOpening(worker);
    await redis.client().config('SET', 'maxmemory', '1');
    await writeFile(opensWhen, '');
    await untilPrinted(worker, /Works for run/);
    await untilPrinted(worker, /refuses to store work \(OOM .*Its memory is full: raise maxmemory/);
    await redis.client().config('SET', 'maxmemory', '0');
    expect((await running.finished()).code).toBe(0);
    expect(worker.child.exitCode).toBe(null);
  });
});

/** Waits until a worker has started its processes. */
async function untilOpening(worker: Running): Promise<void> {
  while ((await worker.workers()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function expectStopped(running: Running, signal: NodeJS.Signals, code: number): Promise<void> {
  const stoppedAt = performance.now();
  const finished = running.finished();
  running.child.kill(signal);
  expect((await finished).code, running.stderr).toBe(code);
  expect(performance.now() - stoppedAt).toBeLessThan(STOP_MS);
}
