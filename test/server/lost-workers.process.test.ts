import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { statuses, times } from '../support/clients/requests.js';
import { isRunning, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];
const TWO_WORKERS = ['--workers-per-device', '2'];

async function killWorkers(server: TestServer, count: number): Promise<void> {
  for (const pid of (await server.running.workers()).slice(0, count)) process.kill(pid, 'SIGKILL');
}

describe.skipIf(process.platform !== 'linux')('a server that loses workers (needs /proc)', () => {
  it('under load answers every request, is not ready while none is left, and uses the new ones', async () => {
    await using server = await TestServer.ready({ slowMs: 40, args: TWO_WORKERS });
    const first = times(20, () => server.post(bytes));
    await server.until(async () => (await server.metric('images_total')) >= 2);
    await killWorkers(server, 1);
    expect(await statuses(first)).toEqual(times(20, () => 200));
    await server.until(async () => (await server.metric('worker_up{device="cpu",worker="0"}')) === 1);

    const second = times(24, () => server.post(bytes));
    await killWorkers(server, 2);
    await server.until(async () => (await server.fetch('/health')).status === 503);
    expect((await server.fetch('/readyz')).status).toBe(503);
    expect(await statuses(second)).toEqual(times(24, () => 200));
    expect((await server.fetch('/readyz')).status).toBe(200);

    await server.until(async () => (await server.metrics('worker_up')).every((up) => up === 1));
    const third = times(50, () => server.post(bytes));
    const busy = new Set<number>();
    await server.until(async () => {
      for (const worker of [0, 1]) {
        if ((await server.metric(`inflight{device="cpu",worker="${worker}"}`)) > 0) busy.add(worker);
      }
      return busy.size === 2;
    });
    expect(await statuses(third)).toEqual(times(50, () => 200));
  });

  it('while it has nothing to do replaces them, after longer and longer pauses', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const healthOf = async () => {
      const response = await server.fetch('/health');
      return `${response.status} ${await response.text()}`;
    };
    const start = performance.now();
    for (let death = 1; death <= 4; death++) {
      const [pid] = await server.running.workers();
      process.kill(pid!, 'SIGKILL');
      await server.until(async () => (await healthOf()) === '503 not ready');
      expect((await server.fetch('/livez')).status).toBe(200);
      const refused = await server.fetch('/readyz');
      if (refused.status === 503) expect(await refused.json()).toMatchObject({ reason: /worker/ });
      await server.until(async () => (await healthOf()) === '200 ok');
      expect(await server.running.workers()).not.toContain(pid);
      expect(await server.metric('worker_restarts_total{device="cpu",worker="0"}')).toBe(death);
    }
    expect(performance.now() - start).toBeGreaterThan(500 + 1000 + 2000); // none before the first restart
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('is ready as long as another worker is, and logs what happened to the lost one', async () => {
    const file = join(await temporaryFolder(), 'open');
    await writeFile(file, '');
    await using server = await TestServer.ready({
      fault: 'late-start.mjs',
      env: { OPEN_WHEN: file },
      args: TWO_WORKERS,
    });
    await rm(file); // the next worker does not open the model
    await killWorkers(server, 1);
    await server.until(async () => (await server.metrics('worker_up')).includes(0));
    expect((await server.fetch('/readyz')).status).toBe(200);
    expect(await statuses(times(4, () => server.post(bytes)))).toEqual(times(4, () => 200));
    await server.until(() => server.running.stderr.includes('A cpu worker died (signal SIGKILL) and is replaced.'));
  });

  it('replaces one that hangs, once its images have passed their deadline', async () => {
    await using server = await TestServer.ready({ args: [...ONE_WORKER, '--timeout-sec', '20'], clockRate: 20 });
    const [worker] = await server.running.workers();
    process.kill(worker!, 'SIGSTOP');
    expect((await server.post(bytes)).status).toBe(504);
    await server.until(async () => (await server.metrics('worker_restarts_total'))[0] === 1);
    await server.until(async () => (await server.post(bytes)).status === 200);
    expect((await server.fetch('/readyz')).status).toBe(200);
    expect(isRunning(worker!)).toBe(false);
  }, 25_000); // 40 s on the server's clock; a batch run waits 600 s

  it('starts a worker once more that cannot open the model again, while another one answers', async () => {
    const STARTS = join(await temporaryFolder(), 'starts');
    const env = { STARTS, STARTS_BADLY: '3' };
    await using server = await TestServer.ready({ fault: 'no-reopen.mjs', env, args: TWO_WORKERS });
    await server.until(async () => (await server.metrics('worker_up')).every((up) => up === 1));
    await killWorkers(server, 1);
    await server.until(async () => (await server.metrics('worker_up')).includes(0));
    expect((await server.post(bytes)).status).toBe(200);
    await server.until(async () => (await server.metrics('worker_up')).every((up) => up === 1));
    expect((await server.metrics('worker_restarts_total')).reduce((sum, count) => sum + count)).toBe(2);
  });
});
