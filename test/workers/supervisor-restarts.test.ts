import { describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../src/core/errors.js';
import { advance, settle, useFakeClock } from './fake-transport.js';
import { pendingImage, supervise } from './supervise.js';

useFakeClock();

describe('a worker that dies', () => {
  it('with images is replaced at once, and the images are handed back', async () => {
    const { supervisor, transport, reported } = await supervise();
    supervisor.detect([pendingImage('1'), pendingImage('2')]);
    supervisor.detect([pendingImage('3')]);
    transport.last.die();
    await settle();
    expect(reported).toEqual(['available', 'lost 1 2 3', 'available']);
    expect(transport.workers).toHaveLength(2);
    expect(supervisor).toMatchObject({ isReady: true, chunksInFlight: 0, imagesInFlight: 0, restarts: 1 });
  });

  it('with images ten times in a row is replaced after pauses that grow, until one finishes a chunk', async () => {
    const { supervisor, transport } = await supervise();
    const crash = async () => {
      supervisor.detect([pendingImage('1')]);
      transport.last.die();
      await settle();
    };
    for (let crashes = 1; crashes <= 10; crashes++) await crash();
    expect(transport.workers).toHaveLength(11);
    for (const pauseMs of [500, 1000, 2000]) {
      const before = transport.workers.length;
      await crash();
      await advance(pauseMs - 1);
      expect(transport.workers).toHaveLength(before);
      await advance(1);
      expect(transport.workers).toHaveLength(before + 1);
    }
    expect(supervisor.crashesInARow).toBe(13);
    supervisor.detect([pendingImage('2')]);
    transport.last.finish();
    expect(supervisor.crashesInARow).toBe(0);
    await crash();
    expect(transport.last.sent).toEqual([]); // a new one, at once
  });

  it('with no work is replaced: the first time at once, then after pauses', async () => {
    const { transport, reported } = await supervise();
    transport.last.die();
    await settle();
    expect(reported).toEqual(['available', 'died idle', 'available']);
    expect(transport.workers).toHaveLength(2);
    transport.last.die();
    await advance(499);
    expect(transport.workers).toHaveLength(2);
    await advance(1);
    expect(transport.workers).toHaveLength(3);
  });

  it('gives how it died for what it was encoding', async () => {
    const { supervisor, transport } = await supervise();
    const encoding = supervisor.encode({ type: 'encode', tokenIds: [[1, 2]] });
    expect(supervisor.encodingsInFlight).toBe(1);
    transport.last.die();
    await expect(encoding).resolves.toMatchObject({ how: 'exit code 1', wasKilled: false });
    expect(supervisor.encodingsInFlight).toBe(0);
  });

  it('is not replaced once the supervisor was disposed of', async () => {
    const { supervisor, transport } = await supervise();
    transport.last.die();
    await settle();
    transport.last.die(); // the next start is due in 500 ms
    await settle();
    await supervisor[Symbol.asyncDispose]();
    await advance(10_000);
    expect(transport.workers).toHaveLength(2);
  });
});

describe('a worker that does not open the model', () => {
  it('is started five times, with pauses that grow, before the supervisor gives up', async () => {
    const { supervisor, transport, failures } = await supervise({ isReady: false });
    for (const pauseMs of [500, 1000, 2000, 4000]) {
      const before = transport.workers.length;
      transport.last.die('signal SIGKILL');
      await advance(pauseMs - 1);
      expect(transport.workers).toHaveLength(before);
      await advance(1);
      expect(transport.workers).toHaveLength(before + 1);
    }
    expect(failures).toEqual([]);
    transport.last.die('signal SIGKILL');
    await advance(60_000);
    expect(transport.workers).toHaveLength(5);
    expect(supervisor.hasGivenUp).toBe(true);
    const message = 'The cpu worker died 5 times in a row before it was ready (signal SIGKILL).';
    expect(failures).toMatchObject([{ code: 'WORKERS_FAILING', message }]);
  });

  it('because others kill it is started twenty times where one was ready before, at most 2 s apart', async () => {
    const { supervisor, transport, failures } = await supervise();
    transport.onStart = () => {};
    transport.last.die('signal SIGKILL');
    await settle();
    for (let kills = 1; kills < 20; kills++) {
      const before = transport.workers.length;
      transport.last.die('signal SIGKILL');
      await advance(2000);
      expect(transport.workers).toHaveLength(before + 1);
    }
    expect(supervisor.hasGivenUp).toBe(false);
    transport.last.die('signal SIGKILL');
    await settle();
    expect(failures).toMatchObject([{ code: 'WORKERS_FAILING' }]);
  });

  it('makes the supervisor give up at once when it reports why, unless one was open before', async () => {
    const failure: Failure = { code: 'DEVICE_UNAVAILABLE', message: 'No such device.', hint: '' };
    const first = await supervise({ isReady: false });
    first.transport.last.answer({ type: 'open-failed', failure });
    expect(first.failures).toEqual([failure]);

    const later = await supervise();
    await advance(1000);
    later.transport.last.die();
    later.transport.onStart = () => {};
    await settle();
    later.transport.onStart = (worker) => worker.answer({ type: 'ready' });
    later.transport.last.answer({ type: 'open-failed', failure });
    await advance(500);
    expect(later.failures).toEqual([]);
    expect(later.supervisor.isReady).toBe(true);
  });

  it('counts as failed when not even a process can be started', async () => {
    const { transport, failures } = await supervise({ isReady: false });
    vi.spyOn(transport, 'start').mockImplementation(() => {
      throw new Error('spawn EAGAIN');
    });
    transport.last.die();
    await advance(60_000);
    expect(failures).toMatchObject([{ code: 'WORKERS_FAILING', message: expect.stringContaining('spawn EAGAIN') }]);
  });
});
