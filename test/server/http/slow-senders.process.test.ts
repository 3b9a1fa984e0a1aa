import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { closing, connection, statuses, timed, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const HEAD = 'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n';

describe('clients that send', () => {
  let server: TestServer;
  beforeAll(async () => {
    const args = ['--receive-timeout-sec', '4', '--body-limit', '100KB'];
    server = await TestServer.ready({ args, clockRate: 4 });
    return () => server[Symbol.asyncDispose]();
  });

  it('slowly, by the hundred, are each cut off with 408, while others are answered as always', async () => {
    const each = 200;
    const kinds = { idle: '', header: HEAD, body: `${HEAD}Content-Length: 10000\r\n\r\n` };
    const clients = Object.entries(kinds).flatMap(([kind, start]) =>
      times(each, () => {
        const socket = connection(server.url);
        socket.setEncoding('utf8').write(start);
        return { kind, socket, answer: '' };
      }),
    );
    for (const client of clients) client.socket.on('data', (part: string) => (client.answer += part));
    const isOpen = () => clients.filter(({ socket }) => !socket.closed);
    const answers: number[] = [];
    const predicted: Promise<Response>[] = [];
    const start = performance.now();
    while (isOpen().length > 0 && performance.now() - start < 30_000) {
      for (const { kind, socket } of isOpen()) if (kind !== 'idle' && socket.writable) socket.write('x');
      for (let i = 0; i < 10; i++) {
        const [response, ms] = await timed(() => server.fetch('/health'));
        expect(response.status).toBe(200);
        answers.push(ms);
      }
      if (predicted.length < 10) predicted.push(server.post(bytes));
      await sleep(250);
    }
    expect(await statuses(predicted)).toEqual(predicted.map(() => 200));
    expect(answers.sort((a, b) => a - b)[Math.floor(answers.length / 2)]).toBeLessThan(50);
    expect(answers.at(-1)).toBeLessThan(2000);
    for (const { kind, answer } of clients) {
      expect([kind, answer]).toEqual([kind, expect.stringMatching(/^HTTP\/1\.1 408 [^]*"code":"RECEIVED_TOO_SLOWLY"/)]);
      expect(answer).toMatch(/connection: close/i);
    }
    expect(await server.metric('queue_bytes')).toBe(0);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });

  it('a body that is too large are answered 413, even where they send all of it before they read', async () => {
    const size = 30_000_000;
    const socket = connection(server.url).pause();
    socket.write(`${HEAD}Content-Length: ${size}\r\n\r\n`);
    const closed = closing(socket);
    const piece = Buffer.alloc(1_000_000);
    for (let sent = 0; sent < size; sent += piece.length) {
      if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    }
    let answer = '';
    socket
      .setEncoding('utf8')
      .on('data', (part: string) => (answer += part))
      .resume();
    await expect.poll(() => answer, { timeout: 5000 }).toMatch(/^HTTP\/1\.1 413 [^]*"code":"BODY_TOO_LARGE"/);
    socket.destroy();
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('a body that is too large, and do not stop, are cut off', async () => {
    const socket = connection(server.url);
    socket.write(`${HEAD}Content-Length: 1000000000\r\n\r\n`);
    const drip = setInterval(() => socket.write('x'), 50);
    await closing(socket); // long before the second minute, when Node would
    clearInterval(drip);
  }, 20_000);
});
