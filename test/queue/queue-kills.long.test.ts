import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { journalled, Running, viewsOf } from '../support/cli.js';
import { Random } from '../support/random.js';
import { hasRedis, RedisServer } from '../support/system/redis.js';
import { end, photosOf, queueArgs, startWorker, withFault } from './queue-runs.js';

const KILLS = 50;
const SEED = 1;
const SLOW = withFault('slow.mjs', { SLOW_MS: '150' });

describe.skipIf(!hasRedis)('a run through a queue in which everything is killed (needs redis-server)', () => {
  it(`ends with the views of a local run after ${KILLS} kills of run, workers and Redis (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const redis = await RedisServer.start({ config: ['--appendonly', 'yes'] });
    const photos = await photosOf(30);
    const out = join(photos.folder, 'out');
    const begin = {
      run: () => end(new Running(queueArgs(photos, redis.url))),
      worker: () => startWorker(redis.url, photos.folder, SLOW),
    };
    let running = begin.run();
    const workers = [begin.worker(), begin.worker()];
    const killed = { run: 0, worker: 0, redis: 0 };
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(random.below(5000));
      if (running.child.exitCode === 2 && /The Redis at .* cannot be used/.test(running.stderr)) running = begin.run();
      if (running.child.exitCode !== null) break;
      const what = random.oneOf(['run', 'worker', 'redis'] as const);
      killed[what]++;
      if (what === 'redis') {
        await redis.kill();
        await sleep(random.below(3000));
        await redis.restart();
      } else if (what === 'worker') {
        const at = random.below(workers.length);
        workers[at]!.child.kill('SIGKILL');
        workers[at] = begin.worker();
      } else {
        running.child.kill('SIGKILL');
        await running.finished();
        running = begin.run();
      }
    }
    process.stdout.write(`killed: ${JSON.stringify(killed)}\n`);
    const finished = running.child.exitCode === null ? await running.finished() : { code: running.child.exitCode };
    expect(finished.code, running.stderr.slice(-500)).toBe(0);
    expect(await viewsOf(out)).toEqual(photos.expected);
    const names = (await journalled(out)).map(({ image }) => image);
    expect(names).toHaveLength(photos.total);
    expect(new Set(names).size).toBe(photos.total);
  });
});
