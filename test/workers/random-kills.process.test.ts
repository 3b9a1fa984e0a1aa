import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EMOJI, journalled, manyScenes, preannotate, Running, untilJournalled, viewsOf } from '../support/cli.js';
import { Random } from '../support/random.js';

const KILLS = 12;

describe.skipIf(process.platform !== 'linux')('a run whose workers are killed again and again (needs /proc)', () => {
  let folder: string;
  let total: number;
  let expected: Record<string, string>;
  const args = (out: string, batch: number) => {
    const flags = ['--workers-per-device', '2', '--max-batch-size', String(batch), '--device', 'cpu'];
    return ['run', join(folder, 'images'), ...EMOJI, '--out', join(folder, out), ...flags];
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-kills-'));
    total = await manyScenes(join(folder, 'images'), 4);
    expect((await preannotate(args('reference', 1))).code).toBe(0);
    expected = await viewsOf(join(folder, 'reference'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    [1, 1],
    [8, 2],
  ])('annotates every image, with batches of %i (seed %i)', async (batch, seed) => {
    const out = join(folder, `batch-${batch}`);
    const random = new Random(seed);
    const running = new Running(args(`batch-${batch}`, batch));
    const finished = running.finished();
    for (let kills = 0, count = 0; kills < KILLS; kills++) {
      // Now and then at once again: the worker that is left is alone with an image that has been hit before.
      count = (await journalled(out)).length + 1 + random.below(2) * random.below(10);
      if (count > total - 20) break;
      await untilJournalled(out, count);
      const workers = await running.workers();
      if (workers.length > 0) process.kill(random.oneOf(workers), 'SIGKILL');
    }
    const { code, stderr } = await finished;
    expect(stderr).toMatch(/worker died \(signal SIGKILL\)/);
    expect(await readFile(join(out, 'errors.jsonl'), 'utf8').catch(() => '')).toBe('');
    expect(code).toBe(0);
    expect(await viewsOf(out)).toEqual(expected);
  });
});
