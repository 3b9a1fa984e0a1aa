import { expect, it } from 'vitest';
import { reviewAmidKills } from './scenario.js';
import { copyRun } from '../../support/review/review-server.js';
import { sampleRun } from '../../support/review/sample-run.js';

const scenes = sampleRun();

it('a server that is killed at random moments keeps all it has reported as saved, and each step once', async () => {
  const { lines, steps } = await reviewAmidKills(await copyRun(scenes.out), { rounds: 3, seed: 1 });
  expect(steps).toBeGreaterThan(10);
  expect(lines).toBe(steps);
});
