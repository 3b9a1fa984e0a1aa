import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { connection, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';
import { residentMb } from '../../support/system/process-memory.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];

it('images whose clients have gone leave the queue and are not computed', async () => {
  await using server = await TestServer.ready({ slowMs: 250, args: ONE_WORKER });
  const gone = new AbortController();
  const requests = times(12, () => server.post(bytes, { signal: gone.signal }));
  const settled = Promise.allSettled(requests);
  await server.until(async () => (await server.metric('queue_items')) === 8); // the worker has four
  gone.abort();
  await settled;
  await server.until(async () => (await server.metric('requests_in_progress')) === 1); // this one
  expect(await server.metric('queue_items')).toBe(0);
  expect(await server.metric('admitted_items')).toBe(0);
  expect((await server.post(bytes)).status).toBe(200);
  // What was being computed, and the last one; none of those that the worker had waiting.
  expect(await server.metric('batches_total{device="cpu"}')).toBeLessThanOrEqual(3);
  expect(await server.metric('request_failures_total{reason="cancelled"}')).toBe(12);
});

it.skipIf(process.platform !== 'linux')(
  'a thousand clients that leave before, in and after the queue do not grow the memory of the server (needs /proc)',
  async () => {
    await using server = await TestServer.ready({ slowMs: 5, args: ONE_WORKER });
    const head = `POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n`;
    const whole = Buffer.concat([Buffer.from(`${head}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
    const leave = async (length: number) => {
      const socket = connection(server.url);
      socket.write(whole.subarray(0, length));
      await sleep(Math.random() * 60);
      socket.destroy();
    };
    const leaveAll = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const parts = [head.length, whole.length / 2, whole.length, whole.length];
        await Promise.all(times(40, (i) => leave(parts[i % 4]!)));
      }
      await server.until(async () => (await server.metric('requests_in_progress')) === 1);
    };
    await leaveAll(8);
    const before = residentMb(server.running.child.pid!);
    await leaveAll(25);
    expect(residentMb(server.running.child.pid!) - before).toBeLessThan(40);
    for (const gauge of ['admitted_items', 'queue_bytes', 'queue_items']) {
      await expect.poll(() => server.metric(gauge), { timeout: 10_000 }).toBe(0);
    }
    // The others left before they were a request, or after they were answered.
    expect(await server.metric('request_failures_total{reason="cancelled"}')).toBeGreaterThan(500);
    expect(server.running.stderr).not.toMatch(/failed unexpectedly|unhandled|warning/i);
    expect((await server.post(bytes)).status).toBe(200);
  },
);
