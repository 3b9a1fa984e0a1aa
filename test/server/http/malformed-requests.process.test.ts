import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { connection, rawAnswer } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const HOST = 'Host: localhost\r\nConnection: close\r\n';
const POST = 'POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ slowMs: 300, args: ['--workers-per-device', '1'] });
  return () => server[Symbol.asyncDispose]();
});

describe('a request that cannot be parsed', () => {
  it('is answered 400 with a request id, which is in the log, and is counted in the metrics', async () => {
    const refused = 'requests_total{route="unknown",code="400"}';
    const invalid = 'request_failures_total{reason="invalid"}';
    const before = [(await server.metric(refused)) || 0, (await server.metric(invalid)) || 0] as const;
    const answer = await rawAnswer(server.url, 'HELLO\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*"code":"REQUEST_MALFORMED"/);
    const [, id] = /X-Request-Id: (\S+)/i.exec(answer) ?? [];
    expect(answer).toContain(`"request_id":"${id}"`);
    expect(server.running.stderr).toMatch(new RegExp(`"request_id":"${id}".*"status":400.*"code":"REQUEST_MALFORMED"`));
    expect(await server.metric(refused)).toBe(before[0] + 1);
    expect(await server.metric(invalid)).toBe(before[1] + 1);
  });

  it('for its headers of more than 8 KiB is answered 431', async () => {
    const large = `GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${'k'.repeat(10_000)}\r\n\r\n`;
    expect(await rawAnswer(server.url, large)).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('for its address is answered 400, and is no longer in progress afterwards', async () => {
    const answer = await rawAnswer(server.url, `GET /%ff HTTP/1.1\r\n${HOST}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 400 [^]*x-request-id: [^]*"code":"REQUEST_MALFORMED"/i);
    await sleep(50);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });

  it.each<[what: string, text: string]>([
    ['a path with dots', `GET /../../etc/passwd HTTP/1.1\r\n${HOST}\r\n`],
    ['a path with encoded dots', `GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n${HOST}\r\n`],
    ['a path with encoded slashes', `GET /docs%2f..%2f..%2fetc%2fpasswd HTTP/1.1\r\n${HOST}\r\n`],
    ['an encoded NUL in the path', `GET /livez%00.html HTTP/1.1\r\n${HOST}\r\n`],
    ['a NUL in the path', `GET /livez\u0000 HTTP/1.1\r\n${HOST}\r\n`],
    ['a path with a broken encoding', `GET /%E0%A4%A HTTP/1.1\r\n${HOST}\r\n`],
    ['the address of another server', `GET http://169.254.169.254/latest HTTP/1.1\r\n${HOST}\r\n`],
    ['the method TRACE', `TRACE /livez HTTP/1.1\r\n${HOST}\r\n`],
    ['an unknown method', `BREW /livez HTTP/1.1\r\n${HOST}\r\n`],
    ['HTTP/0.9', 'GET /livez\r\n\r\n'],
    ['HTTP/2 without an upgrade', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['no Host header', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['two lengths', `POST /predict HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
    ['both a length and chunks', `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunks without a size', `${POST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`],
    ['a negative length', `POST /predict HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`],
    ['a header on two lines', `GET /livez HTTP/1.1\r\n${HOST}X: a\r\n b\rc\r\n\r\n`],
    ['10 KB of one header', `GET /livez HTTP/1.1\r\n${HOST}X: ${'x'.repeat(10_000)}\r\n\r\n`],
    ['10 KB of path', `GET /${'x'.repeat(10_000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['4,500 headers', `GET /livez HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(4500)}\r\n`],
  ])('or leads nowhere, as one with %s, is answered 4xx', async (_what, text) => {
    expect(await rawAnswer(server.url, text)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });

  it('because it asks for a tunnel to another server is cut off without an answer', async () => {
    expect(await rawAnswer(server.url, `CONNECT 169.254.169.254:80 HTTP/1.1\r\n${HOST}\r\n`)).toBe('');
  });

  it('and follows another one on the same connection is never taken for the answer to that', async () => {
    const head = Buffer.from(`${POST}Content-Length: ${bytes.length}\r\n\r\n`);
    const answer = await rawAnswer(server.url, Buffer.concat([head, bytes, Buffer.from('\0garbage\r\n\r\n')]));
    expect(answer).not.toMatch(/^HTTP\/1\.1 400/);
  });
});

describe('a client that sends "Expect: 100-continue"', () => {
  it('is answered 413 at once where its body is too large, and 100 where it is not', async () => {
    const head = `${POST}Expect: 100-continue\r\n`;
    expect(await rawAnswer(server.url, `${head}Content-Length: 900000000\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /);
    const socket = connection(server.url);
    socket.write(`${head}Content-Length: 10\r\n\r\n`);
    const [first] = (await once(socket, 'data')) as [Buffer];
    expect(first.toString()).toMatch(/^HTTP\/1\.1 100 /);
    socket.destroy();
  });
});
