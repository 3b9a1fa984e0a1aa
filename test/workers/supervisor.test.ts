import { describe, expect, it, vi } from 'vitest';
import { advance, settle, useFakeClock } from './fake-transport.js';
import { pendingImage, supervise } from './supervise.js';

useFakeClock();

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
