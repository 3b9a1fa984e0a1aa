import { describe, it } from 'vitest';
import { Random } from '../support/random.js';
import { hasRedis } from '../support/system/redis.js';
import { KILLABLE, killInQueue } from './queue-kills.js';

const KILLS = 50;
const SEED = 1;

describe.skipIf(!hasRedis)('a run through a queue in which everything is killed (needs redis-server)', () => {
  it(`ends with the views of a local run after ${KILLS} kills of run, workers and Redis (seed ${SEED})`, async () => {
    const random = new Random(SEED);
    const kills = Array.from({ length: KILLS }, () => random.oneOf(KILLABLE));
    await killInQueue({ kills, longestMs: 5000, copies: 15, random });
  });
});
