import { expect, it } from 'vitest';
import { Session, type BenchWork } from '../../../src/bench/session.js';
import { findModel } from '../../../src/model/source.js';

const SETTING = { precision: 'fp32', workersPerDevice: 2, threads: 1, maxBatchSize: 1 } as const;

it('a setting whose workers do not fit into memory is skipped with what it needs and what is allowed', async () => {
  const watcher = {} as never; // nothing is downloaded
  const model = await findModel('builtin:emoji', { precision: 'fp32', watcher, variables: {} });
  const tiles = { height: 640, width: 640, overlap: 0.2, fullImage: true };
  const job = { worker: { tiles, maxPixels: 1e12 } } as unknown as BenchWork['job']; // images are kept at full size
  const session = new Session({
    ...{ job, devices: [{ provider: 'cpu' }], models: new Map([['fp32', model]]), images: [], imageFolder: '/' },
    ...{ planned: 1, budgetMs: 60_000, note: () => {}, signal: new AbortController().signal },
  });
  await session.measure(SETTING);
  expect(session.measured).toEqual([]);
  expect(session.skipped).toEqual([
    {
      setting: SETTING,
      reason: expect.stringMatching(/^it needs about 600\d\.\d GB of memory, and [\d.]+ GB are allowed$/),
    },
  ]);
});
