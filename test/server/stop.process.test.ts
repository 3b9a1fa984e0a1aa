import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { canConnect, closing, connection, statuses, timed, times } from '../support/clients/requests.js';
import { isRunning, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];

/** Far from the times that it could wait for anything; usually it takes 0.1 s. */
const AT_ONCE_MS = 10_000;

describe('a server that is stopped by SIGTERM', () => {
  it('answers for --drain-delay-sec while not ready, then finishes requests without new connections', async () => {
    await using server = await TestServer.ready({ slowMs: 120, args: [...ONE_WORKER, '--drain-delay-sec', '1'] });
    const { port } = new URL(server.url);
    const pending = times(17, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 17);
    const half = connection(server.url);
    half.write('POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Ty');
    const ended = server.stop();
    await server.until(async () => (await server.fetch('/readyz')).status === 503);
    expect(await (await server.fetch('/health')).text()).toBe('not ready');
    expect(await statuses([server.fetch('/livez'), server.fetch('/startupz')])).toEqual([200, 200]);
    pending.push(...times(3, () => server.post(bytes)));
    await server.until(async () => !(await canConnect('127.0.0.1', port)));
    expect(server.running.child.exitCode).toBeNull(); // it is still computing
    expect(await statuses(pending)).toEqual(times(20, () => 200));
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    await expect.poll(() => half.closed).toBe(true); // half a request is cut off
  });

  it('answers a request whose body is still being sent', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    const headers = `Host: localhost\r\nContent-Type: image/jpeg\r\nContent-Length: ${bytes.length}`;
    const head = `POST /predict HTTP/1.1\r\n${headers}\r\n\r\n`;
    const socket = connection(server.url);
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.write(head);
    socket.write(bytes.subarray(0, 1000));
    await server.until(async () => (await server.metric('queue_bytes')) > 0);
    server.running.child.kill('SIGTERM');
    await server.until(() => server.running.stderr.includes('stopping'));
    socket.write(bytes.subarray(1000));
    await closing(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect((await server.finished()).code).toBe(0);
  });

  it('while it starts exits 0', async () => {
    await using server = await TestServer.listening();
    expect((await server.stop()).code).toBe(0);
    expect(server.running.stdout).toBe('');
  });

  it('while its workers open the model, which may never end, exits 0', async () => {
    await using server = await TestServer.listening({ fault: 'late-start.mjs', env: { OPEN_WHEN: '/nowhere' } });
    await server.until(() => server.running.stderr.includes('Using'));
    await sleep(500);
    const [{ code }, ms] = await timed(() => server.stop());
    expect(code).toBe(0);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });

  it('at any moment of its start ends, before it serves', async () => {
    for (const delayMs of [0, 50, 150, 250, 400, 600]) {
      await using server = new TestServer();
      await sleep(delayMs);
      const [{ code, signal, stdout }, ms] = await timed(() => server.stop());
      expect([code, signal, stdout]).toEqual(code === 0 ? [0, null, ''] : [null, 'SIGTERM', '']); // before Node runs it
      expect(ms).toBeLessThan(AT_ONCE_MS);
    }
  });
});

describe.skipIf(process.platform !== 'linux')('a server and its workers (needs /proc)', () => {
  it.concurrent.each(['SIGTERM', 'SIGINT'] as const)(
    'finish the requests in flight after %s, and leave no process behind',
    async (signal) => {
      await using server = await TestServer.ready({ slowMs: 200, args: ONE_WORKER });
      const workers = await server.running.workers();
      const responses = times(6, () => server.post(bytes));
      await server.until(async () => (await server.metric('admitted_items')) === 6);
      const { url } = server;
      const ended = server.stop(signal);
      expect(await statuses(responses)).toEqual(times(6, () => 200));
      const { code, stderr } = await ended;
      expect(code, stderr).toBe(0);
      expect(workers.filter(isRunning)).toEqual([]);
      await expect(fetch(`${url}/livez`)).rejects.toThrow();
    },
  );

  it.concurrent('exit 1 after SIGTERM where requests take longer than --drain-sec, which are cut off', async () => {
    await using server = await TestServer.ready({ slowMs: 5000, args: [...ONE_WORKER, '--drain-sec', '0.3'] });
    const workers = await server.running.workers();
    const response = server.post(bytes);
    await server.until(async () => (await server.metric('admitted_items')) === 1);
    const { code, stderr } = await server.stop();
    expect((await response).status).toBe(503);
    expect(code).toBe(1);
    expect(stderr).toContain('cut off');
    expect(workers.filter(isRunning)).toEqual([]);
  });

  it.concurrent('end at once at a second signal', async ({ expect }) => {
    await using server = await TestServer.ready({ slowMs: 10_000, args: ONE_WORKER });
    const workers = await server.running.workers();
    const response = server.post(bytes).catch(() => 'cut');
    await server.until(async () => (await server.metric('admitted_items')) === 1);
    server.running.child.kill('SIGTERM');
    await server.until(() => server.running.stderr.includes('stopping'));
    expect((await server.stop('SIGTERM')).code).toBe(143);
    expect(await response).toBe('cut');
    await expect.poll(() => workers.filter(isRunning)).toEqual([]);
  });

  it('end at the second signal also where the server waits for a file that never answers', async () => {
    const pipe = join(await temporaryFolder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const args = [...ONE_WORKER, '--drain-delay-sec', '60'];
    await using server = await TestServer.ready({ fault: 'server/stuck-thread.mjs', env: { STUCK_PIPE: pipe }, args });
    const workers = await server.running.workers();
    server.running.child.kill('SIGTERM');
    await server.until(() => server.running.stderr.includes('stopping'));
    const [{ signal }, ms] = await timed(() => server.stop());
    expect(signal).toBe('SIGTERM');
    expect(ms).toBeLessThan(AT_ONCE_MS);
    await expect.poll(() => workers.filter(isRunning), { timeout: 30_000 }).toEqual([]);
  });

  it.concurrent('end together where the server is killed', async ({ expect }) => {
    await using server = await TestServer.ready({ args: ['--workers-per-device', '2'] });
    const workers = await server.running.workers();
    expect(workers).toHaveLength(2);
    await server.stop('SIGKILL');
    await expect.poll(() => workers.filter(isRunning), { timeout: 30_000 }).toEqual([]);
  });
});
