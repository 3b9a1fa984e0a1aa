import { expect, it } from 'vitest';
import { buildProgram } from '../../../src/cli/program.js';

it('--help lists commands that are not loaded as it does when they are', async () => {
  const listed = await buildProgram(() => false);
  const loaded = await buildProgram(() => true);
  expect(listed.helpInformation()).toBe(loaded.helpInformation());
});
