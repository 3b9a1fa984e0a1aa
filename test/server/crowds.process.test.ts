import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { residentMb } from '../support/system/process-memory.js';
import { connection, rawAnswer, statuses, timed, times } from '../support/clients/requests.js';
import { scene, TestServer } from '../support/server.js';

/** Many clients at once that are slow, gone, or too many. The ids are those of RELIABILITY.md, section 5. */

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];
const HEAD = 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n';
const isLinux = process.platform === 'linux';

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

describe('slow clients', () => {
  it('S1: of each kind are cut with 408, by the hundred, and others do not notice', async () => {
    await using server = await TestServer.ready({ args: ['--receive-timeout-sec', '4'] });
    const each = 200;
    const kinds = { idle: '', header: HEAD, body: `${HEAD}Content-Length: 10000\r\n\r\n` };
    const clients = Object.values(kinds).flatMap((start) =>
      times(each, () => {
        const socket = connection(server.url);
        socket.setEncoding('utf8').write(start);
        return { socket, drips: start !== '', answer: '' };
      }),
    );
    for (const client of clients) client.socket.on('data', (part: string) => (client.answer += part));
    const isOpen = () => clients.filter(({ socket }) => !socket.closed);
    const answers: number[] = [];
    const predicted: Promise<Response>[] = [];
    const start = performance.now();
    while (isOpen().length > 0 && performance.now() - start < 30_000) {
      for (const { socket, drips } of isOpen()) if (drips && socket.writable) socket.write('x');
      for (let i = 0; i < 10; i++) {
        const [response, ms] = await timed(() => server.fetch('/health'));
        expect(response.status).toBe(200);
        answers.push(ms);
      }
      if (predicted.length < 10) predicted.push(server.post(bytes));
      await sleep(250);
    }
    expect(await statuses(predicted)).toEqual(predicted.map(() => 200));
    expect(median(answers)).toBeLessThan(50);
    expect(Math.max(...answers)).toBeLessThan(2000);
    const cut = clients.map(({ answer }) => /^HTTP\/1\.1 408 [^]*"code":"RECEIVED_TOO_SLOWLY"/.test(answer));
    expect(cut.filter(Boolean)).toHaveLength(3 * each);
    expect(await server.metric('queue_bytes')).toBe(0);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });
});

describe.skipIf(!isLinux)('the memory of the server (needs /proc)', () => {
  it('S2: does not grow by how finely a body is cut, nor by what is announced and does not come', async () => {
    await using server = await TestServer.ready({ args: ['--queue-bytes', '100MB'] });
    const pid = server.running.child.pid!;
    const padded = Buffer.concat([bytes, Buffer.alloc(65_536 - bytes.length)]);
    const tiny = Buffer.concat([...padded].map((byte) => Buffer.from([0x31, 13, 10, byte, 13, 10])));
    const head = Buffer.from(`${HEAD}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n`);
    const cut = Buffer.concat([head, tiny, Buffer.from('0\r\n\r\n')]);
    expect(await rawAnswer(server.url, cut)).toMatch(/^HTTP\/1\.1 200 /);
    const before = residentMb(pid);
    const unfinished = times(8, () => connection(server.url));
    for (const socket of unfinished) socket.write(cut.subarray(0, -5)); // all of it but the end
    await server.until(async () => (await server.metric('queue_bytes')) === 8 * 65_536);
    expect(residentMb(pid) - before).toBeLessThan(30);

    const liars = times(200, () => connection(server.url));
    for (const socket of liars) socket.write(`${HEAD}Content-Length: 20000000\r\n\r\nx`);
    await server.until(async () => (await server.metric('requests_in_progress')) === 209);
    expect((await server.post(bytes)).status).toBe(200);
    expect(residentMb(pid) - before).toBeLessThan(40);
    for (const socket of [...unfinished, ...liars]) socket.destroy();
    await server.until(async () => (await server.metric('queue_bytes')) === 0);
  });

  it('S9: does not grow by clients that leave, before, in and after the queue', async () => {
    await using server = await TestServer.ready({ slowMs: 5, args: ONE_WORKER });
    const whole = Buffer.concat([Buffer.from(`${HEAD}Content-Length: ${bytes.length}\r\n\r\n`), bytes]);
    const leave = async (length: number) => {
      const socket = connection(server.url);
      socket.write(whole.subarray(0, length));
      await sleep(Math.random() * 60);
      socket.destroy();
    };
    const leaveAll = async (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        const parts = [HEAD.length, whole.length / 2, whole.length, whole.length];
        await Promise.all(times(40, (i) => leave(parts[i % 4]!)));
      }
      await server.until(async () => (await server.metric('requests_in_progress')) === 1);
    };
    await leaveAll(8);
    const before = residentMb(server.running.child.pid!);
    await leaveAll(25); // a thousand
    expect(residentMb(server.running.child.pid!) - before).toBeLessThan(40);
    for (const gauge of ['admitted_items', 'queue_bytes', 'queue_items']) {
      await expect.poll(() => server.metric(gauge), { timeout: 10_000 }).toBe(0);
    }
    expect(await server.metric('request_failures_total{reason="cancelled"}')).toBeGreaterThan(500);
    expect(server.running.stderr).not.toMatch(/failed unexpectedly|unhandled|warning/i);
    expect((await server.post(bytes)).status).toBe(200);
  });
});

describe('more requests than the server can do', () => {
  it('S10: are refused quickly, while it does as much as ever; and it recovers', async () => {
    const args = [...ONE_WORKER, '--queue-items', '8', '--timeout-sec', '5'];
    await using server = await TestServer.ready({ slowMs: 100, args });
    /** What so many clients are answered in so long: milliseconds, by status. */
    const asked = async (clients: number, durationMs: number) => {
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
    const best = (await asked(5, 3000)).get(200)!.length / 3000;
    const seen = await asked(40, 7000);
    expect([...seen.keys()].filter((status) => ![200, 429, 504].includes(status))).toEqual([]);
    expect(seen.get(200)!.length / 7000).toBeGreaterThan(best * 0.6);
    expect(seen.get(429)!.length).toBeGreaterThan(500);
    expect(median(seen.get(429)!)).toBeLessThan(100);
    expect(Math.max(...seen.get(200)!)).toBeLessThan(5000 + 500); // the deadline
    await server.until(async () => (await server.metric('admitted_items')) === 0);
    expect(await statuses(times(8, () => server.post(bytes)))).toEqual(times(8, () => 200));
    expect((await server.fetch('/readyz')).status).toBe(200);
  });
});
