import { expect, it } from 'vitest';
import { assertMayGo } from '../../../src/run/plan/missing.js';

it.each([
  [undefined, 'in the lists and buckets given', 'check the lists, prefixes and credentials.'],
  ['/photos', 'below /photos', 'check the paths and filters, and whether all disks are mounted.'],
])('a run whose images were below %s and are gone advises what to check there', (root, where, advice) => {
  const refuse = () => assertMayGo(['b.jpg'], { annotated: 2, root, journal: 'detections.jsonl' });
  expect(refuse).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(`not found ${where}: b.jpg`) as string,
      hint: expect.stringMatching(new RegExp(`Otherwise ${advice}$`)) as string,
    }),
  );
});
