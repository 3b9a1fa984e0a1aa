import { describe, expect, it } from 'vitest';
import { detectAll, NEVER, ONTOLOGY, startPool } from './fake-pool.js';
import { advance, settle, useFakeClock, type FakeWorker } from './fake-transport.js';

useFakeClock();

describe('a worker that dies with images', () => {
  it('is replaced, and its images are tried again one by one', async () => {
    const { pool, transport, warnings } = await startPool();
    const { calls } = await detectAll(pool, ['1', '2', '3']);
    transport.last.die('signal SIGSEGV');
    await settle();
    expect(transport.workers).toHaveLength(2);
    expect(warnings).toEqual(['A cuda:0 worker died (signal SIGSEGV); 2 of its images are tried again one by one.']);
    expect(transport.last.chunks).toEqual([['1']]);
    for (let i = 0; i < 3; i++) {
      transport.last.finish();
      await settle();
    }
    expect(transport.last.chunks).toEqual([['1'], ['2'], ['3']]);
    expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true);
  });

  it('does not affect the other images that it had: only the one that kills it again fails', async () => {
    const { pool, transport } = await startPool();
    const {
      calls: [bad, good],
    } = await detectAll(pool, ['bad', 'good']);
    transport.last.die();
    await settle();
    transport.last.die('signal SIGSEGV'); // with 'bad' alone
    await expect(bad).resolves.toMatchObject({ ok: false, name: 'bad', failure: { code: 'WORKER_CRASHED' } });
    await settle();
    expect(transport.last.chunks).toEqual([['good']]);
    transport.last.finish();
    await expect(good).resolves.toMatchObject({ ok: true });
  });

  it('because it was killed from outside costs no image, though one is hit four times', async () => {
    const { pool, transport } = await startPool();
    const { calls } = await detectAll(pool, ['unlucky', 'other']);
    for (let kills = 0; kills < 4; kills++) {
      if (transport.last.unanswered[0]![0] === 'other') transport.last.finish();
      await settle();
      expect(transport.last.unanswered[0]).toContain('unlucky');
      transport.last.die('signal SIGKILL');
      await settle();
    }
    transport.last.finish();
    expect((await Promise.all(calls)).every(({ ok }) => ok)).toBe(true);
  });

  it('by the out-of-memory killer counts as a crash of the image processed alone', async () => {
    const { pool, transport } = await startPool();
    const {
      calls: [huge],
    } = await detectAll(pool, ['huge']);
    for (let deaths = 0; deaths < 2; deaths++) {
      transport.last.die('signal SIGKILL', { wasOutOfMemory: true });
      await settle();
    }
    await expect(huge).resolves.toMatchObject({ ok: false, failure: { code: 'WORKER_CRASHED' } });
  });

  it('by SIGKILL five times gives up the image, if nothing but workers with this image is killed', async () => {
    const { pool, transport } = await startPool();
    const {
      calls: [huge],
    } = await detectAll(pool, ['huge']);
    for (let kills = 0; kills < 5; kills++) {
      transport.last.die('signal SIGKILL');
      await settle();
    }
    await expect(huge).resolves.toMatchObject({
      failure: { code: 'WORKER_CRASHED', message: 'huge: 5 worker processes died on this image (signal SIGKILL).' },
    });
  });

  it('while another one works, leaves suspected images alone with a worker', async () => {
    const { pool, transport } = await startPool({ workers: 2 });
    await detectAll(pool, ['1', '2', '3', '4']);
    transport.workers[0]!.die();
    await detectAll(pool, ['5', '6']);
    const replacement = transport.last;
    expect(replacement.chunks).toEqual([['1']]); // and nothing beside it
    transport.workers[1]!.finish();
    await settle();
    expect(transport.workers[1]!.chunks).toEqual([['3', '4'], ['2']]);
    expect(replacement.chunks).toEqual([['1']]);
  });

  it('too often in a row stops the engine, since the machine and not the images is at fault', async () => {
    const { pool, transport, failures } = await startPool({ maxCrashesInARow: 3, maxBatchSize: 1 });
    const { calls } = await detectAll(pool, ['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    for (let i = 0; i < 3; i++) {
      transport.last.die();
      await settle();
    }
    await expect(calls.at(-1)).rejects.toMatchObject({ code: 'WORKERS_FAILING' });
    expect(failures.map(({ message }) => message)).toEqual([
      'A cuda:0 worker died 3 times in a row with an image (exit code 1).',
    ]);
    await expect(pool.detect({ name: 'x' }, ONTOLOGY, NEVER)).rejects.toBe(failures[0]);
  });
});

describe('a device', () => {
  it('on which five workers in a row do not start stops an engine that has no other', async () => {
    const { pool, failures } = await startPool({ onStart: (worker) => worker.die(), isPrepared: false });
    const ready = pool.ready();
    ready.catch(() => {});
    await advance(30_000);
    await expect(ready).rejects.toMatchObject({ code: 'WORKERS_FAILING' });
    expect(failures).toHaveLength(1);
  });

  it('that is lost while others work does not stop the engine', async () => {
    const { pool, transport, failures, warnings } = await startPool({ workers: 2 });
    await pool.allReady();
    transport.onStart = (worker) => worker.die();
    transport.workers[0]!.die();
    await advance(60_000);
    expect(failures).toEqual([]);
    expect(warnings.at(-1)).toMatch(/^Work continues without one cuda:0 worker: .* died 5 times in a row/);
    const {
      calls: [call],
    } = await detectAll(pool, ['1']);
    transport.workers[1]!.finish();
    await expect(call).resolves.toMatchObject({ ok: true });
    transport.workers[1]!.die();
    await advance(60_000);
    expect(failures).toMatchObject([{ code: 'WORKERS_FAILING' }]); // no other is left
  });

  it('that is missing from the start stops the engine, although others are ready', async () => {
    const failure = { code: 'DEVICE_UNAVAILABLE', message: 'No such device.', hint: '' } as const;
    const onStart = (worker: FakeWorker) =>
      worker.answer(worker.device === 'cuda:1' ? { type: 'open-failed', failure } : { type: 'ready' });
    const { pool, failures } = await startPool({ workers: 2, onStart, isPrepared: false });
    await expect(pool.allReady()).rejects.toMatchObject(failure);
    expect(failures).toMatchObject([failure]);
  });

  it('whose worker dies with no work gets another one, with a warning', async () => {
    const { pool, transport, warnings } = await startPool();
    transport.last.die('signal SIGKILL');
    await settle();
    expect(warnings).toEqual(['A cuda:0 worker died (signal SIGKILL) and is replaced.']);
    expect(pool.status().workers).toMatchObject([{ device: 'cuda:0', ready: true, restarts: 1 }]);
  });
});
