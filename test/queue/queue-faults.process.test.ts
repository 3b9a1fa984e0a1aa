import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, journalled, preannotate, Running, SCENES, untilJournalled, viewsOf } from '../support/cli.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { temporaryFolder } from '../support/temporary.js';
import { end, photosOf, queueArgs, startWorker, untilPrinted, withFault, type Photos } from './queue-runs.js';

const SLOW = withFault('slow.mjs', { SLOW_MS: '100' });

describe.skipIf(!hasRedis)('a run through a queue in which something dies (needs redis-server)', () => {
  let photos: Photos;
  let runs = 0;
  beforeAll(async () => {
    photos = await photosOf(2, await mkdtemp(join(tmpdir(), 'preannotate-queue-')));
  });
  afterAll(() => rm(photos.folder, { recursive: true }));

  const begin = (redis: RedisServer) => {
    const name = `out-${++runs}`;
    const out = join(photos.folder, name);
    const args = queueArgs(photos, redis.url, name);
    return { out, args, running: end(new Running(args)) };
  };

  /** Ends as a local run does, with each image in the journal once. */
  const expectComplete = async (running: Running, out: string) => {
    const { code, stderr } = await running.finished();
    expect(stderr).not.toMatch(/error:/);
    expect(code).toBe(0);
    expect(await viewsOf(out)).toEqual(await photos.expected());
    const names = (await journalled(out)).map(({ image }) => image);
    expect(new Set(names).size).toBe(photos.total);
    expect(names).toHaveLength(photos.total);
  };

  it('a worker that is killed loses nothing: another one gets what it had', async () => {
    const redis = await RedisServer.start();
    const { running, out } = begin(redis);
    const killed = startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(out, 5);
    killed.child.kill('SIGKILL');
    const killedAt = performance.now();
    startWorker(redis.url, photos.folder);
    await expectComplete(running, out);
    expect(performance.now() - killedAt).toBeLessThan(60_000);
  });

  it('a Redis that is killed and comes back with its data', async () => {
    const redis = await RedisServer.start({ config: ['--appendonly', 'yes'] });
    const { running, out } = begin(redis);
    const worker = startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(out, 5);
    await redis.kill();
    await untilPrinted(running, /The Redis at 127.0.0.1:\d+ does not answer/);
    await untilPrinted(worker, /does not answer/);
    await redis.restart();
    await untilPrinted(running, /answers again after \d+ s; work goes on/);
    await expectComplete(running, out);
  });

  it('a Redis that is killed and comes back without its data', async () => {
    const redis = await RedisServer.start();
    const { running, out } = begin(redis);
    startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(out, 5);
    await redis.kill();
    await redis.restart();
    await expectComplete(running, out);
    expect(await redis.client().keys('*')).toEqual([]);
  });

  it('a run that is killed and started again goes on from its journal', async () => {
    const redis = await RedisServer.start();
    const { running, out, args } = begin(redis);
    const worker = startWorker(redis.url, photos.folder, SLOW);
    await untilJournalled(out, 8);
    running.child.kill('SIGKILL');
    await running.finished();
    const before = (await journalled(out)).length;
    const again = end(new Running(args));
    await expectComplete(again, out);
    expect(again.stderr).toContain(`${before} of ${photos.total} images are already done.`);
    await untilPrinted(worker, /has ended/);
    expect(await redis.client().keys('*')).toEqual([]);
  });

  it('an image that kills the processes of a worker fails alone', async () => {
    const redis = await RedisServer.start();
    const folder = await temporaryFolder();
    for (const name of ['scene-01.jpg', 'scene-02.jpg']) await copyFile(join(SCENES, name), join(folder, name));
    await copyFile(join(SCENES, 'scene-03.jpg'), join(folder, 'poison.jpg'));
    startWorker(redis.url, folder, withFault('poison.mjs'));
    const out = join(await temporaryFolder(), 'out');
    const { code, stdout } = await preannotate(['run', folder, ...EMOJI, '--out', out, '--queue', redis.url]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/poison.jpg: 2 worker processes died on this image/);
    expect((await journalled(out)).map(({ image }) => image).sort()).toEqual(['scene-01.jpg', 'scene-02.jpg']);
    expect(await readFile(join(out, 'errors.jsonl'), 'utf8')).toContain('WORKER_CRASHED');
  });
});
