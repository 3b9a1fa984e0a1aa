import { describe, expect, it } from 'vitest';
import { buildOntology } from '../../src/core/ontology.js';
import { answerEncodings, detectAll, ONTOLOGY, startPool, until } from './fake-pool.js';
import { advance, settle, useFakeClock, type FakeWorker } from './fake-transport.js';

useFakeClock();

describe('a pool hands out images', () => {
  it('in full chunks to the workers with the fewest, two chunks ahead of each', async () => {
    const { pool, transport } = await startPool({ workers: 2 });
    expect(pool.capacity).toBe(2 * 2 * 2);
    await detectAll(pool, ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    const [first, second] = transport.workers;
    expect(first!.chunks).toEqual([
      ['1', '2'],
      ['5', '6'],
    ]);
    expect(second!.chunks).toEqual([
      ['3', '4'],
      ['7', '8'],
    ]);
    expect(pool.status()).toMatchObject({ waiting: 1, workers: [{ images: 4 }, { images: 4 }] });
    second!.finish();
    await settle();
    expect(second!.chunks).toHaveLength(2); // one image is no full chunk, and the worker has another
    second!.finish();
    await settle();
    expect(second!.chunks.at(-1)).toEqual(['9']);
  });

  it('to a worker with no work at once, unless more images are expected within the window', async () => {
    const { pool, transport } = await startPool({ batchingTimeoutSec: 0.05 });
    const expected = pool.expect();
    await detectAll(pool, ['1']);
    await advance(49);
    expect(transport.last.chunks).toEqual([]);
    await advance(1);
    expect(transport.last.chunks).toEqual([['1']]);
    await detectAll(pool, ['2']);
    transport.last.finish();
    expected[Symbol.dispose]();
    expected[Symbol.dispose](); // the second time changes nothing
    await settle();
    expect(transport.last.chunks).toEqual([['1'], ['2']]);
  });

  describe('whose features are stored', () => {
    const features = { folder: '/features', key: {}, label: '', writers: 2, dtype: 'float16', exact: false } as const;
    const names = Array.from({ length: 200 }, (_, i) => `${i}`);
    const lengthsOf = (worker: FakeWorker) => worker.chunks.map(({ length }) => length);

    async function startRun(images: number) {
      const { pool, transport } = await startPool({ workers: 2, maxBatchSize: 1, features });
      const left = names.slice(0, images);
      const feed = async () => {
        const free = pool.capacity - pool.status().waiting - pool.status().workers.reduce((n, w) => n + w.images, 0);
        await detectAll(pool, left.splice(0, free));
      };
      const finish = async (worker: FakeWorker, encoded: number) => {
        worker.finish({ encoded });
        await feed();
      };
      await feed();
      return { workers: transport.workers, finish };
    }

    it('in chunks that double with each answer, and few ahead', async () => {
      const { workers, finish } = await startRun(200);
      for (let i = 0; i < 12; i++) await finish(workers[i % 2]!, 0);
      expect(workers.map((worker) => lengthsOf(worker).slice(0, 4))).toEqual([Array(4).fill(1), Array(4).fill(1)]);
      for (const worker of workers) {
        expect(lengthsOf(worker).at(-1)).toBe(8);
        expect(worker.unanswered.length).toBeLessThanOrEqual(2);
      }
    });

    it('one by one again as soon as a worker finds an image without features', async () => {
      const { workers, finish } = await startRun(200);
      for (let i = 0; i < 12; i++) await finish(workers[i % 2]!, 0);
      workers[0]!.answer({ type: 'heartbeat', encodes: true });
      for (let i = 0; i < 3; i++) await finish(workers[1]!, 1);
      expect(lengthsOf(workers[1]!).slice(-3)).toEqual([1, 1, 1]);
    });
  });

  it('and reports each chunk that is finished', async () => {
    const { pool, transport, chunks } = await startPool();
    const {
      calls: [first],
    } = await detectAll(pool, ['1', '2']);
    transport.last.finish();
    await expect(first).resolves.toMatchObject({ ok: true, result: { name: '1' } });
    expect(chunks).toMatchObject([{ device: 'cuda:0', images: 2 }]);
  });
});

describe('prompts', () => {
  it('are encoded once more when the worker that encodes them dies', async () => {
    const { pool, transport } = await startPool({ isPrepared: false });
    const prepared = pool.prepare(ONTOLOGY);
    await until(() => transport.last.of('encode').length > 0);
    transport.last.die();
    await until(() => transport.workers.length === 2 && transport.last.of('encode').length > 0);
    answerEncodings(transport.last);
    await expect(prepared).resolves.toEqual([]);
  });

  it('that two workers died with are an error', async () => {
    const { pool, transport } = await startPool({ isPrepared: false });
    const prepared = pool.prepare(ONTOLOGY);
    prepared.catch(() => {});
    for (const count of [1, 2]) {
      await until(() => transport.workers.length === count && transport.last.of('encode').length > 0);
      transport.last.die();
    }
    await expect(prepared).rejects.toMatchObject({
      code: 'WORKERS_FAILING',
      message: '2 workers died while they encoded the prompts.',
    });
  });

  it('outlive workers that are killed from outside while they encode them', async () => {
    const { pool, transport } = await startPool({ isPrepared: false });
    const prepared = pool.prepare(ONTOLOGY);
    for (const count of [1, 2, 3]) {
      await until(() => transport.workers.length === count && transport.last.of('encode').length > 0);
      transport.last.die('signal SIGKILL');
      await advance(2000); // a pause comes before the next start
    }
    await until(() => transport.workers.length === 4 && transport.last.of('encode').length > 0);
    answerEncodings(transport.last);
    await expect(prepared).resolves.toEqual([]);
  });

  it('are not encoded for a caller that is gone before a worker is free', async () => {
    const { pool, transport } = await startPool({ isPrepared: false });
    const first = pool.prepare(ONTOLOGY);
    const other = buildOntology({ ...ONTOLOGY, ignore: ['unasked crate'] });
    const controller = new AbortController();
    const second = pool.prepare(other, { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await until(() => transport.last.of('encode').length > 0);
    answerEncodings(transport.last);
    await first;
    await settle();
    expect(transport.last.of('encode')).toHaveLength(1);
  });
});

describe('a call that is cancelled', () => {
  it('while its image waits never reaches a worker', async () => {
    const { pool, transport } = await startPool({ maxBatchSize: 1 });
    await detectAll(pool, ['1', '2', '3', '4']); // as many chunks as a worker is given ahead
    const controller = new AbortController();
    const {
      calls: [call],
    } = await detectAll(pool, ['5'], controller.signal);
    controller.abort(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    expect(pool.status().waiting).toBe(0);
    expect(transport.last.of('cancel')).toEqual([]);
  });

  it('while a worker has its image is forwarded to that worker, and not tried again when it dies', async () => {
    const { pool, transport } = await startPool();
    const controller = new AbortController();
    const { calls } = await detectAll(pool, ['1', '2'], controller.signal);
    controller.abort(new Error('gone'));
    await expect(calls[1]).rejects.toThrow('gone');
    await settle();
    expect(transport.last.of('cancel').map(({ index }) => index)).toEqual([0, 1]);
    transport.last.die();
    await settle();
    expect(transport.last.chunks).toEqual([]);
  });

  it('because the engine was disposed of is rejected, whether its image waits or not', async () => {
    const { pool } = await startPool({ maxBatchSize: 1 });
    const { calls } = await detectAll(pool, ['1', '2', '3', '4', '5']);
    await pool[Symbol.asyncDispose]();
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'STOPPED' });
  });
});

it('what several workers report alike is a warning once', async () => {
  const { transport, warnings } = await startPool({ workers: 2 });
  for (const worker of transport.workers) worker.answer({ type: 'notice', message: 'Batches are smaller now.' });
  expect(warnings).toEqual(['Batches are smaller now.']);
});
