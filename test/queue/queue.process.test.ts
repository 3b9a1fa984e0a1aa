import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, Running, SCENES, viewsOf } from '../support/cli.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';
import { end, photosOf, queueArgs, startWorker, untilPrinted } from './queue-runs.js';

describe.skipIf(!hasRedis)('a run through a queue (needs redis-server)', () => {
  it('gives the views of a local run with two workers, and leaves nothing in the Redis', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(2);
    const workers = [0, 1].map(() => startWorker(redis.url, photos.folder));
    for (const worker of workers) await untilPrinted(worker, /Waiting for runs at 127/);
    const { code, stderr } = await preannotate(queueArgs(photos, redis.url));
    expect(stderr).toMatch(/Worker .* takes part: 2 workers now/);
    expect(code).toBe(0);
    expect(await viewsOf(join(photos.folder, 'out'))).toEqual(await photos.expected());
    const manifest = JSON.parse(await readFile(join(photos.folder, 'out/run.json'), 'utf8')) as Manifest;
    expect(manifest.workers).toEqual([{ host: expect.any(String), devices: ['cpu'], images: photos.total }]);
    expect(manifest.timings.infer_ms).toBeGreaterThan(0);
    await untilPrinted(workers[0]!, /has ended/);
    const client = redis.client();
    expect(await client.keys('*')).toEqual([]);
    workers[0]!.child.kill('SIGTERM');
    workers[1]!.child.kill('SIGINT');
    expect((await workers[0]!.finished()).code).toBe(143);
    expect((await workers[1]!.finished()).code).toBe(130);
  });

  it('says after 10 s how to start a worker, and is stopped by SIGINT', async () => {
    const redis = await RedisServer.start();
    const photos = await photosOf(1);
    const running = end(new Running(queueArgs(photos, redis.url)));
    await untilPrinted(
      running,
      /No worker for 10 s. Start one, .*: preannotate worker --queue redis:\/\/127.* --root /,
    );
    running.child.kill('SIGINT');
    expect((await running.finished()).code).toBe(130);
    expect(await redis.client().keys('*')).toEqual([]);
  });

  it('a worker that is idle for long ends with 0', async () => {
    const redis = await RedisServer.start();
    const { code, stderr } = await startWorker(redis.url, SCENES, { args: ['--exit-when-idle', '1s'] }).finished();
    expect(stderr).toContain('No work for long');
    expect(code).toBe(0);
  });

  it('a Redis that cannot be reached is refused within 10 s, by both', async () => {
    const url = 'redis://someone:s3cret@127.0.0.1:1';
    const out = join(await temporaryFolder(), 'out');
    const start = performance.now();
    for (const args of [
      ['run', SCENES, ...EMOJI, '--queue', url],
      ['worker', '--queue', url, '--root', SCENES],
    ]) {
      const { code, stderr } = await preannotate([...args, ...(args[0] === 'run' ? ['--out', out] : [])]);
      expect(code).toBe(2);
      expect(stderr).toMatch(/The Redis at 127.0.0.1:1 cannot be used: .*ECONNREFUSED/);
      expect(stderr).not.toContain('s3cret');
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('a worker that may read nothing is refused before it connects, with both options', async () => {
    const { code, stderr } = await preannotate(['worker', '--queue', 'redis://127.0.0.1:1']);
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /Without --root and --allow-host, a worker may read no image\.\nGive .*--root.*--allow-host/,
    );
  });

  it.each(['localhost:6379', 'redis://', 'redis://u:s3cret@host:6379/x', 'http://u:s3cret@host'])(
    'refuses the address %s without printing it',
    async (url) => {
      const { code, stderr } = await preannotate(['worker', '--queue', url, '--root', SCENES]);
      expect(code).toBe(2);
      expect(stderr).toContain('--queue is not the address of a Redis');
      expect(stderr).not.toContain('s3cret');
    },
  );
});

interface Manifest {
  readonly workers: unknown;
  readonly timings: { readonly infer_ms: number };
}
