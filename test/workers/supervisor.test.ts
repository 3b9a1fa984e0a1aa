import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Failure } from '../../src/core/errors.js';
import { PendingDetection } from '../../src/workers/pending-detection.js';
import type { WorkerSettings } from '../../src/workers/protocol.js';
import type { SupervisorEvents } from '../../src/workers/supervisor-events.js';
import { WorkerSupervisor } from '../../src/workers/supervisor.js';
import { advance, FakeTransport, settle, useFakeClock } from './fake-transport.js';

useFakeClock();

/** A supervisor of fake workers, and the names of the events that it reported. */
async function supervise({ stallTimeoutSec, isReady = true }: { stallTimeoutSec?: number; isReady?: boolean } = {}) {
  const transport = new FakeTransport();
  if (!isReady) transport.onStart = () => {};
  const reported: string[] = [];
  const failures: Failure[] = [];
  const events: SupervisorEvents<WorkerSupervisor> = {
    available: () => reported.push('available'),
    imagesLost: (images) => reported.push(`lost ${images.map(({ image }) => image.name).join(' ')}`),
    diedIdle: () => reported.push('died idle'),
    finished: ({ images }) => reported.push(`finished ${images}`),
    encodes: () => reported.push('encodes'),
    noticed: (message) => reported.push(message),
    hasAnyOpened: () => isReady,
    gaveUp: (failure) => failures.push(failure),
  };
  const settings = { maxBatchSize: 8 } as WorkerSettings; // a fake worker reads nothing of the rest
  const supervisor = new WorkerSupervisor({ provider: 'cpu' }, { settings, transport, stallTimeoutSec }, events);
  onTestFinished(() => supervisor[Symbol.asyncDispose]());
  await settle();
  return { supervisor, transport, reported, failures };
}

function pendingImage(name: string, { key = 'a', signal = new AbortController().signal } = {}): PendingDetection {
  const pending = new PendingDetection({ name }, { key, embeddings: BANK, classIds: [0], examples: [] }, signal);
  pending.answer.catch(() => {}); // cancelled by the test
  return pending;
}

const BANK = new Float32Array(4);

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

describe('the queries of images', () => {
  it('are sent once to each worker', async () => {
    const { supervisor, transport } = await supervise();
    supervisor.detect([pendingImage('1'), pendingImage('2')]);
    supervisor.detect([pendingImage('3', { key: 'b' })]);
    supervisor.detect([pendingImage('4')]);
    expect(transport.last.sent.map(({ type }) => type)).toEqual(['queries', 'detect', 'queries', 'detect', 'detect']);
    transport.last.die();
    await settle();
    supervisor.detect([pendingImage('1')]);
    expect(transport.last.of('queries')).toMatchObject([{ key: 'a', classIds: [0] }]);
  });

  it('are forgotten when 64 others were used since', async () => {
    const { supervisor, transport } = await supervise();
    for (let i = 0; i < 64; i++) supervisor.detect([pendingImage(`${i}`, { key: `key ${i}` })]);
    supervisor.detect([pendingImage('again', { key: 'key 0' })]);
    expect(transport.last.of('forget-queries')).toEqual([]);
    supervisor.detect([pendingImage('another', { key: 'key 64' })]);
    expect(transport.last.of('forget-queries')).toEqual([{ type: 'forget-queries', key: 'key 1' }]);
    supervisor.detect([pendingImage('forgotten', { key: 'key 1' })]);
    expect(transport.last.of('queries').filter(({ key }) => key === 'key 1')).toHaveLength(2);
  });
});

describe('a worker that sends no heartbeat', () => {
  it('while it has images is killed after the time that it may take', async () => {
    const { supervisor, transport, reported } = await supervise({ stallTimeoutSec: 30 });
    const [worker] = transport.workers;
    supervisor.detect([pendingImage('1')]);
    await advance(25_000);
    worker!.answer({ type: 'heartbeat' });
    await advance(30_000);
    expect(worker!.isKilled).toBe(false);
    await advance(5_000); // it is checked every five seconds
    expect(worker!.isKilled).toBe(true);
    expect(reported).toContain('lost 1');
    expect(supervisor.isReady).toBe(true);
  });

  it('is left alone without work, and after a pause of the whole process', async () => {
    const { supervisor, transport } = await supervise({ stallTimeoutSec: 30 });
    await advance(3_600_000);
    expect(transport.last.isKilled).toBe(false);
    supervisor.detect([pendingImage('1')]);
    await advance(5_000);
    vi.setSystemTime(0);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 600_000); // the laptop slept
    await advance(5_000);
    expect(transport.last.isKilled).toBe(false);
    vi.restoreAllMocks();
  });

  it('is given ten minutes an image by default, and ten minutes to open the model', async () => {
    const { supervisor, transport } = await supervise();
    supervisor.detect([pendingImage('1'), pendingImage('2')]);
    await advance(1_200_000);
    expect(transport.last.isKilled).toBe(false);
    await advance(5_000);
    expect(transport.workers[0]!.isKilled).toBe(true);

    const opening = await supervise({ isReady: false });
    await advance(605_000);
    expect(opening.transport.workers[0]!.isKilled).toBe(true);
  });
});

describe('a chunk', () => {
  it('is answered with the time that its images waited', async () => {
    const { supervisor, transport, reported } = await supervise();
    const image = pendingImage('1');
    await advance(70);
    supervisor.detect([image]);
    transport.last.finish();
    await expect(image.answer).resolves.toMatchObject({ ok: true, timing: { queue: 70, decode: 0, infer: 0 } });
    expect(reported).toEqual(['available', 'finished 1', 'available']);
  });

  it('loses the images whose callers are gone, by their place in it', async () => {
    const { supervisor, transport, reported } = await supervise();
    const [first, second] = [pendingImage('1'), pendingImage('2')];
    supervisor.detect([pendingImage('0')]);
    supervisor.detect([first, second]);
    supervisor.cancel(second);
    supervisor.cancel(pendingImage('elsewhere'));
    expect(transport.last.of('cancel')).toEqual([{ type: 'cancel', id: 1, index: 1 }]);
    transport.last.finish({ failure: { code: 'STOPPED', message: '', hint: '' } });
    expect(reported).toEqual(['available', 'available']); // nothing was computed
  });

  it('is the last one of a worker with a decoder that never came back', async () => {
    const { supervisor, transport } = await supervise();
    supervisor.detect([pendingImage('1')]);
    supervisor.detect([pendingImage('2')]);
    transport.last.finish({ retire: true });
    expect(supervisor.isReady).toBe(false);
    expect(transport.last.isKilled).toBe(false); // until it has answered the other one
    transport.last.finish();
    await settle();
    expect(transport.workers.map(({ isKilled }) => isKilled)).toEqual([true, false]);
    expect(supervisor.isReady).toBe(true);
  });
});
