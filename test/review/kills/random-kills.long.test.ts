import { expect, it } from 'vitest';
import { reviewAmidKills } from './scenario.js';
import { copyRun } from '../../support/review/review-server.js';
import { sampleRun } from '../../support/review/sample-run.js';

const scenes = sampleRun();

it.each([1, 2, 3])('a server that is killed 30 times at random loses nothing (seed %i)', async (seed) => {
  const { lines, steps } = await reviewAmidKills(await copyRun(scenes.out), { rounds: 30, seed });
  expect(steps).toBeGreaterThan(300);
  expect(lines).toBe(steps);
});
