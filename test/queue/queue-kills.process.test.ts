import { describe, it } from 'vitest';
import { Random } from '../support/random.js';
import { hasRedis } from '../support/system/redis.js';
import { killInQueue } from './queue-kills.js';

describe.skipIf(!hasRedis)('a run through a queue in which everything is killed (needs redis-server)', () => {
  it('ends with the views of a local run after 5 kills of run, workers and Redis', async () => {
    const kills = ['worker', 'redis', 'run', 'redis', 'worker'] as const;
    await killInQueue({ kills, longestMs: 2000, copies: 2, random: new Random(1) });
  });
});
