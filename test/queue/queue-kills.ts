import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { journalled, Running, viewsOf, type Finished } from '../support/cli.js';
import type { Random } from '../support/random.js';
import { RedisServer } from '../support/system/redis.js';
import { end, photosOf, queueArgs, startWorker, withFault, type Photos } from './queue-runs.js';

const WORKERS = 2;

export const KILLABLE = ['run', 'worker', 'redis'] as const;
export type Killable = (typeof KILLABLE)[number];

interface Killing {
  readonly kills: readonly Killable[]; // in this order
  readonly longestMs: number; // from one kill to the next
  readonly copies: number; // of the shipped scenes: images of the run
  readonly random: Random;
}

/**
 * Kills a run through a queue, its workers and its Redis at random moments, and starts each again. A run that has ended
 * is checked, and followed by another one over the same images until the last kill has been made.
 */
export async function killInQueue({ kills, longestMs, copies, random }: Killing): Promise<void> {
  const redis = await RedisServer.start({ config: ['--appendonly', 'yes'] });
  const photos = await photosOf(copies);
  const slow = withFault('slow.mjs', { SLOW_MS: '150' });
  const startOneWorker = () => startWorker(redis.url, photos.folder, slow);
  const workers = Array.from({ length: WORKERS }, startOneWorker);
  let runs = 0;
  const start = () => {
    const running = end(new Running(queueArgs(photos, redis.url, `out-${runs}`)));
    return { child: running.child, ended: running.finished() };
  };
  let run = start();
  for (let done = 0; ;) {
    const isLast = done === kills.length;
    const moment = sleep(isLast ? 2 ** 30 : random.below(longestMs), undefined, { ref: false });
    const ended = await Promise.race([run.ended, moment]);
    if (ended !== undefined) {
      if (await isComplete(ended, photos, `out-${runs}`)) {
        if (isLast) return;
        runs++;
      }
      run = start();
      continue;
    }
    const what = kills[done];
    if (what === 'redis') {
      await redis.kill();
      await sleep(random.below(longestMs));
      await redis.restart();
    } else if (what === 'worker') {
      const at = random.below(workers.length);
      workers[at]!.child.kill('SIGKILL');
      workers[at] = startOneWorker();
    } else {
      if (!run.child.kill('SIGKILL') || (await run.ended).signal !== 'SIGKILL') continue; // it has just ended
      run = start();
    }
    done++;
  }
}

/** @returns false where the same command has more to do: the Redis was away for too long, or an image was unlucky. */
async function isComplete({ code, signal, stderr }: Finished, photos: Photos, name: string): Promise<boolean> {
  if (code === 2 && /The Redis at .* cannot be used/.test(stderr)) return false;
  if (code === 3 || signal === 'SIGKILL') return false;
  expect(code, stderr.slice(-500)).toBe(0);
  const out = join(photos.folder, name);
  expect(await viewsOf(out)).toEqual(await photos.expected());
  const names = (await journalled(out)).map(({ image }) => image);
  expect(names).toHaveLength(photos.total);
  expect(new Set(names).size).toBe(photos.total);
  return true;
}
