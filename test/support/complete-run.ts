import { expect } from 'vitest';
import { journalled } from './cli.js';

/** Expects the journal of a run to have each image once. */
export async function expectComplete(out: string, total: number): Promise<void> {
  const names = (await journalled(out)).map(({ image }) => image);
  expect(names).toHaveLength(total);
  expect(new Set(names).size).toBe(total);
}
