import { describe, expect, it } from 'vitest';
import type { ImageOutcome } from '../../src/core/image.js';
import { Random } from '../support/random.js';
import { advance, settle, useFakeClock, type FakeWorker } from './fake-transport.js';
import { detectAll, startPool } from './fake-pool.js';

useFakeClock();

const IMAGES = Array.from({ length: 60 }, (_, i) => `image ${i}`);
const POISON = 'image 17';

/** Workers answer, die of the poison and are killed from outside, in an order that a seed decides. */
class Scenario {
  readonly random: Random;
  readonly #killShare: number;
  kills = 0;
  crashes = 0;

  constructor(seed: number, killShare: number) {
    this.random = new Random(seed);
    this.#killShare = killShare;
  }

  /** One thing that happens to a worker that has images. */
  step(worker: FakeWorker, poison: string | undefined): void {
    if (this.random.chance(this.#killShare)) {
      this.kills++;
      worker.die('signal SIGKILL');
    } else if (poison !== undefined && worker.unanswered[0]!.includes(poison)) {
      this.crashes++;
      worker.die('signal SIGABRT');
    } else {
      worker.finish();
    }
  }
}

async function run(scenario: Scenario, maxBatchSize: number, poison?: string): Promise<ImageOutcome[]> {
  const { pool, transport, failures } = await startPool({ workers: 2, maxBatchSize });
  const { calls } = await detectAll(pool, IMAGES);
  const all = Promise.all(calls);
  const state = { isDone: false };
  const end = () => (state.isDone = true);
  all.then(end, end);
  for (let steps = 0; !state.isDone; steps++) {
    expect(steps).toBeLessThan(2000);
    const busy = transport.workers.filter((worker) => worker.isAlive && worker.unanswered.length > 0);
    if (busy.length === 0) await advance(1000);
    else scenario.step(scenario.random.oneOf(busy), poison);
    await settle();
  }
  expect(failures).toEqual([]);
  return all;
}

const failedIn = (outcomes: readonly ImageOutcome[]) => outcomes.flatMap((one) => (one.ok ? [] : [one.name]));
const SEEDS = Array.from({ length: 10 }, (_, seed) => seed);

describe.each([1, 4, 8])('workers that are killed at random, with batches of %i', (maxBatchSize) => {
  it.each(SEEDS)('cost no image (seed %i)', async (seed) => {
    const scenario = new Scenario(seed, 0.2);
    const outcomes = await run(scenario, maxBatchSize);
    expect(failedIn(outcomes)).toEqual([]);
    expect(scenario.kills).toBeGreaterThan(0);
  });

  it.each(SEEDS)('do not hide the image that crashes them, nor let it take others along (seed %i)', async (seed) => {
    const scenario = new Scenario(seed, 0.1);
    const outcomes = await run(scenario, maxBatchSize, POISON);
    expect(failedIn(outcomes)).toEqual([POISON]);
    expect(scenario.crashes).toBeLessThanOrEqual(2);
  });
});
