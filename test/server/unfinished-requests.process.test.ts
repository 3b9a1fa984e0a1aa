import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connection, timed, times } from '../support/clients/requests.js';
import { ABANDONED, HELD, type Unfinished } from '../support/clients/unfinished-requests.js';
import { isRunning, TestServer } from '../support/server.js';

const ONE_WORKER = ['--workers-per-device', '1'];

/** Far from `--drain-sec 60`, and from the minutes that timers of a request may run; usually it takes 0.1 s. */
const AT_ONCE_MS = 10_000;

/** Has clients send their requests and end them; those that stay are to be destroyed. */
async function leaveUnfinished(
  server: TestServer,
  { bytes, ending, clients = 1, when }: Unfinished,
): Promise<Socket[]> {
  const sockets = times(clients, () => connection(server.url).setNoDelay());
  for (const socket of sockets) socket.write(bytes);
  if (when === undefined) await sleep(100);
  else await server.until(() => when(server));
  for (const socket of sockets) {
    if (ending === 'close') socket.destroy();
    if (ending === 'reset') socket.resetAndDestroy();
    if (ending === 'half-close') socket.end();
  }
  return sockets;
}

describe('a server that is stopped after a client has left', () => {
  it.concurrent.each(Object.entries(ABANDONED))(
    '%s counts nothing as in progress, and exits 0 at once',
    async (_, it) => {
      const args = [...ONE_WORKER, '--drain-sec', '60'];
      await using server = await TestServer.ready({ slowMs: 500, args });
      const sockets = await leaveUnfinished(server, it);
      await server.until(async () => (await server.metric('requests_in_progress')) === 1); // this one
      for (const gauge of ['admitted_items', 'queue_items', 'queue_bytes']) {
        await server.until(async () => (await server.metric(gauge)) === 0);
      }
      const [{ code, stderr }, ms] = await timed(() => server.stop());
      for (const socket of sockets) socket.destroy();
      expect(code, stderr).toBe(0);
      expect(ms).toBeLessThan(AT_ONCE_MS);
      expect(stderr).not.toMatch(/cut off|failed unexpectedly|unexpected error|warning/i);
    },
  );
});

describe('a server that is stopped while a client holds', () => {
  it.concurrent.each(Object.entries(HELD))('%s cuts it off after --drain-sec and exits 1', async (_, it) => {
    await using server = await TestServer.ready({ slowMs: 5000, args: [...ONE_WORKER, '--drain-sec', '0.5'] });
    const workers = await server.running.workers();
    const sockets = await leaveUnfinished(server, it);
    const [{ code, stderr }, ms] = await timed(() => server.stop());
    for (const socket of sockets) socket.destroy();
    expect(code, stderr).toBe(1);
    expect(stderr).toContain('cut off: not finished within 0.5 s');
    expect(ms).toBeGreaterThan(500);
    expect(ms).toBeLessThan(AT_ONCE_MS);
    while (workers.some(isRunning)) await sleep(10);
  });

  it('connections over which it asks again and again finishes what was asked, and exits 0 at once', async () => {
    await using server = await TestServer.ready({ args: [...ONE_WORKER, '--drain-sec', '60'] });
    const { hostname, port } = new URL(server.url);
    const agent = new Agent({ keepAlive: true });
    const ask = async () =>
      new Promise<boolean>((resolve) => {
        const sent = request({ agent, hostname, port, path: '/openapi.json' }, (response) => {
          response.resume().once('end', () => resolve(true));
        });
        sent.once('error', () => resolve(false)).end();
      });
    const clients = times(30, async () => {
      while (await ask());
    });
    await sleep(300);
    const [{ code, stderr }, ms] = await timed(() => server.stop());
    await Promise.all(clients);
    agent.destroy();
    expect(code, stderr).toBe(0);
    expect(ms).toBeLessThan(AT_ONCE_MS);
  });
});
