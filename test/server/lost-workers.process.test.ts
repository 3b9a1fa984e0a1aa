import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { statuses, times } from '../support/clients/requests.js';
import { isRunning, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const bytes = await scene('scene-01.jpg');
const isLinux = process.platform === 'linux';

describe.skipIf(!isLinux)('a worker that is lost (needs /proc)', { concurrent: true }, () => {
  it('to a hang is replaced, when nobody can be waiting for it any more', async () => {
    await using server = await TestServer.ready({ args: ['--workers-per-device', '1', '--timeout-sec', '1'] });
    const [worker] = await server.running.workers();
    process.kill(worker!, 'SIGSTOP');
    expect((await server.post(bytes)).status).toBe(504);
    await server.until(async () => (await server.metrics('worker_restarts_total'))[0] === 1);
    await server.until(async () => (await server.fetch('/readyz')).status === 200);
    expect((await server.post(bytes)).status).toBe(200);
    expect(isRunning(worker!)).toBe(false);
  });

  it('while another one works changes nothing about being ready, and is said', async () => {
    await using server = await TestServer.ready({ fault: 'slow-start.mjs', args: ['--workers-per-device', '2'] });
    const [worker] = await server.running.workers();
    process.kill(worker!, 'SIGKILL');
    await server.until(async () => (await server.metrics('worker_up')).includes(0));
    expect((await server.fetch('/readyz')).status).toBe(200);
    expect(await statuses(times(4, () => server.post(bytes)))).toEqual(times(4, () => 200));
    await server.until(() => server.running.stderr.includes('A cpu worker died (signal SIGKILL) and is replaced.'));
  });

  it('again and again with nothing to do is replaced with pauses between', async () => {
    await using server = await TestServer.ready({ args: ['--workers-per-device', '1'] });
    const restarts = async () => (await server.metrics('worker_restarts_total'))[0]!;
    const start = performance.now();
    for (let death = 1; death <= 4; death++) {
      await server.until(async () => (await server.metrics('worker_up'))[0] === 1);
      process.kill((await server.running.workers())[0]!, 'SIGKILL');
      await server.until(async () => (await restarts()) === death);
    }
    await server.until(async () => (await server.metrics('worker_up'))[0] === 1);
    expect(performance.now() - start).toBeGreaterThan(500 + 1000 + 2000);
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('with the server itself, which was killed, does not live on', async () => {
    await using server = await TestServer.ready({ args: ['--workers-per-device', '2'] });
    const workers = await server.running.workers();
    expect(workers).toHaveLength(2);
    await server.stop('SIGKILL');
    await expect.poll(() => workers.filter(isRunning), { timeout: 10_000 }).toEqual([]);
  });
});

it('a server one of whose workers cannot open the model does not begin', async () => {
  const env = { STARTS: join(await temporaryFolder(), 'starts'), STARTS_BADLY: '2' };
  await using server = new TestServer({ fault: 'no-reopen.mjs', env, args: ['--workers-per-device', '2'] });
  const { code, stdout, stderr } = await server.finished();
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('the device has no memory left');
});
