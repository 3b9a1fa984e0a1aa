import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { statuses, timed, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];

describe('a server with a full queue', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({
      slowMs: 700,
      args: [...ONE_WORKER, '--queue-items', '3', '--queue-bytes', '60KB'],
    });
    return () => server[Symbol.asyncDispose]();
  });

  it('answers 429 with Retry-After at once, is not ready meanwhile, and then answers again', async () => {
    const pending = times(8, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 3);
    expect((await server.fetch('/readyz')).status).toBe(503);
    const responses = await Promise.all(pending);
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429, 429, 429, 429]);
    const refused = responses.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toBe('1'); // no image has been computed yet
    expect(await refused.json()).toMatchObject({ code: 'QUEUE_FULL' });
    expect((await server.post(bytes)).status).toBe(200);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('gives in Retry-After the time that the images in it will take, by how fast recent ones were', async () => {
    const pending = times(3, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 3);
    const refused = await server.post(bytes);
    expect(refused.status).toBe(429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThanOrEqual(3); // 3 × 0.7 s
    expect(seconds).toBeLessThan(30);
    expect(await statuses(pending)).toEqual([200, 200, 200]);
  });

  it('counts bytes as well as images, whether or not a body has a length', async () => {
    const [large, second] = await Promise.all([scene('scene-05.jpg'), scene('scene-06.jpg')]); // 46 and 30 KB
    const first = server.post(large);
    await server.until(async () => (await server.metric('queue_bytes')) > 0);
    expect((await server.post(second)).status).toBe(429);
    const body = new Blob([second]).stream();
    const init = { method: 'POST', body, duplex: 'half' as const, headers: { 'content-type': 'image/jpeg' } };
    expect((await server.fetch('/predict', init)).status).toBe(429);
    expect((await first).status).toBe(200);
    expect((await server.post(second)).status).toBe(200);
  });
});

describe('a server that gets more requests than it can answer', () => {
  it('refuses some quickly, answers as many as ever, and recovers', async () => {
    const args = [...ONE_WORKER, '--queue-items', '8', '--timeout-sec', '5'];
    await using server = await TestServer.ready({ slowMs: 100, args });
    /** What so many clients are answered in so long: milliseconds, by status. */
    const ask = async (clients: number, durationMs: number) => {
      const seen = new Map<number, number[]>();
      const end = performance.now() + durationMs;
      const client = async () => {
        while (performance.now() < end) {
          const [{ status }, ms] = await timed(() => server.post(bytes));
          seen.set(status, [...(seen.get(status) ?? []), ms]);
          if (status !== 200) await sleep(100);
        }
      };
      await Promise.all(times(clients, client));
      return seen;
    };
    const best = (await ask(5, 3000)).get(200)!.length / 3000;
    const seen = await ask(40, 7000);
    expect([...seen.keys()].filter((status) => ![200, 429, 504].includes(status))).toEqual([]);
    expect(seen.get(200)!.length / 7000).toBeGreaterThan(best * 0.6);
    const refusedMs = seen.get(429)!.sort((a, b) => a - b);
    expect(refusedMs.length).toBeGreaterThan(500);
    expect(refusedMs[Math.floor(refusedMs.length / 2)]).toBeLessThan(100);
    expect(Math.max(...seen.get(200)!)).toBeLessThan(5000 + 500); // the deadline
    await server.until(async () => (await server.metric('admitted_items')) === 0);
    expect(await statuses(times(8, () => server.post(bytes)))).toEqual(times(8, () => 200));
    expect((await server.fetch('/readyz')).status).toBe(200);
  });
});
