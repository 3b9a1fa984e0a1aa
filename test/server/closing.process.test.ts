import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { connection, statuses, times } from '../support/clients/requests.js';
import { scene, TestServer } from '../support/server.js';

/** How a server opens and closes its door. The ids are those of RELIABILITY.md, section 5. */

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];

/** An address of this machine that others can reach. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

async function canConnect(host: string, port: string): Promise<boolean> {
  const socket = connect(Number(port), host);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('a server that stops', () => {
  it('S13: says so first, answers 20 requests in flight, cuts half a request, and lets nobody new in', async () => {
    await using server = await TestServer.ready({ slowMs: 120, args: [...ONE_WORKER, '--drain-delay-sec', '0.5'] });
    const { port } = new URL(server.url);
    const pending = times(20, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 20);
    const half = connection(server.url);
    half.write('POST /predict HTTP/1.1\r\nHost: x\r\nContent-Ty');
    const ended = server.stop();
    await server.until(async () => (await server.fetch('/readyz')).status === 503);
    await server.until(async () => !(await canConnect('127.0.0.1', port)));
    expect(server.running.child.exitCode).toBeNull(); // it is still at the 20
    expect(await statuses(pending)).toEqual(times(20, () => 200));
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(0);
    await expect.poll(() => half.closed).toBe(true);
  });
});

describe('a server that listens', () => {
  it.skipIf(outside === undefined)('S21: is reached from this machine only, unless asked for more', async () => {
    await using local = await TestServer.ready();
    await using open = await TestServer.ready({ args: ['--host', '0.0.0.0'] });
    const portOf = (server: TestServer) => new URL(server.url).port;
    expect(await canConnect('127.0.0.1', portOf(local))).toBe(true);
    expect(await canConnect(outside!, portOf(local))).toBe(false);
    expect(await canConnect(outside!, portOf(open))).toBe(true);
    expect(local.running.stderr).not.toContain('without an API key');
    expect(open.running.stderr).toContain('without an API key');
  });

  it('S21: on every address shows its metrics to nobody without a key, unless asked to', async () => {
    const metricsOf = async (...args: string[]) => {
      await using server = await TestServer.ready({ args: ['--host', '0.0.0.0', ...args] });
      return (await fetch(`http://127.0.0.1:${new URL(server.url).port}/metrics`)).status;
    };
    expect(await metricsOf()).toBe(401);
    expect(await metricsOf('--metrics', 'open')).toBe(200);
  });
});
