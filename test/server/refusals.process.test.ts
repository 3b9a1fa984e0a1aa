import { describe, expect, it } from 'vitest';
import { closing, connection, rawAnswer } from '../support/clients/requests.js';
import { scene, TestServer } from '../support/server.js';

const bytes = await scene('scene-01.jpg');

describe('what is refused', () => {
  it('before it is a request has an id, a line in the log and a place in the metrics', async () => {
    await using server = await TestServer.ready();
    const answer = await rawAnswer(server.url, 'HELLO\r\n\r\n');
    const [, id] = /X-Request-Id: (\S+)/i.exec(answer) ?? [];
    expect(answer).toContain(`"request_id":"${id}"`);
    expect(server.running.stderr).toMatch(new RegExp(`"request_id":"${id}".*"status":400.*"code":"REQUEST_MALFORMED"`));
    expect(await server.metric('requests_total{route="unknown",code="400"}')).toBe(1);
    expect(await server.metric('request_failures_total{reason="invalid"}')).toBe(1);
  });

  it('for its size is told so, also when the client sends all of it first and only then listens', async () => {
    await using server = await TestServer.ready({ args: ['--body-limit', '100KB'] });
    const size = 30_000_000;
    const socket = connection(server.url).pause();
    const head = `POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: ${size}\r\n\r\n`;
    socket.write(head);
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

  it('for its size and sent on without end is cut off', async () => {
    await using server = await TestServer.ready({ args: ['--body-limit', '100KB'] });
    const socket = connection(server.url);
    socket.write('POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 1000000000\r\n\r\n');
    const drip = setInterval(() => socket.write('x'), 50);
    await closing(socket); // long before the second minute, when Node would
    clearInterval(drip);
  }, 20_000);
});

it('an answer that is compressed for one client and allowed to one origin varies by both', async () => {
  await using server = await TestServer.ready({ args: ['--cors-origin', 'https://a.example,https://b.example'] });
  const response = await server.fetch('/openapi.json', { headers: { origin: 'https://a.example' } });
  expect(response.headers.get('vary')?.toLowerCase().split(', ').sort()).toEqual(['accept-encoding', 'origin']);
});

it('the description asks clients for a key where the server does', async () => {
  const key = 'a-key-of-sixteen-letters';
  await using open = await TestServer.ready();
  await using closed = await TestServer.ready({ args: ['--metrics', 'off'], env: { PREANNOTATE_API_KEYS: key } });
  const headers = { 'x-api-key': key };
  const described = async (server: TestServer) =>
    (await (await server.fetch('/openapi.json', { headers })).json()) as { security: object[]; paths: object };
  const [free, bound] = [await described(open), await described(closed)];
  expect(free.security).toEqual([]);
  expect(bound.security).toContainEqual({ apiKey: [] });
  expect(Object.keys(free.paths)).toContain('/metrics');
  expect(Object.keys(bound.paths)).not.toContain('/metrics');
});
