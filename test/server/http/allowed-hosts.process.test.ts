import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, rawAnswer } from '../../support/clients/requests.js';
import { TestServer } from '../../support/server.js';

/** An address of this machine that others can reach. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

/** What a server answers to a request whose lines are these. */
async function askFor(url: string, target: string, ...headers: string[]): Promise<string> {
  const answer = await rawAnswer(url, `GET ${target}\r\n${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n`);
  const [, status = 'none'] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
  return [status, ...(/"code":"(\w+)"/.exec(answer)?.slice(1) ?? [])].join(' ');
}

const REFUSED = '400 HOST_REFUSED';
const MALFORMED = '400 REQUEST_MALFORMED';

describe('a server on the loopback interface', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.listening();
    return () => server[Symbol.asyncDispose]();
  });

  it.each([
    'localhost',
    'localhost:8000',
    'LocalHost:1',
    'localhost.',
    'boxes.localhost',
    '127.0.0.1',
    '127.0.0.1:65535',
    '127.9.8.7',
    '[::1]',
    '[::1]:80',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    'host.docker.internal:8000',
  ])('answers under the local name %s', async (host) => {
    expect(await askFor(server.url, '/openapi.json HTTP/1.1', `Host: ${host}`)).toMatch(/^200/);
  });

  it.each([
    'evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil-localhost',
    'xlocalhost',
    'localhost..',
    '.localhost',
    'localhost@evil.example',
    'evil.example@localhost',
    'user:secret@127.0.0.1',
    'localhost evil.example',
    'localhost, evil.example',
    'localhost/evil.example',
    'localhost#',
    'localhost:80:80',
    'localhost:x',
    'localhost:-1',
    '%6cocalhost',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.0.0.256',
    '0.0.0.0',
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '128.0.0.1',
    '::1',
    '[::1',
    '[::1]x',
    '[::]',
    '[fe80::1%25lo]',
    '[::ffff:10.0.0.1]',
    hostname(),
    ' ',
    '*',
    'x'.repeat(8000),
    `${'x.'.repeat(3500)}localhost.evil.example`,
  ])('refuses the name %s, except to probes', async (host) => {
    expect(await askFor(server.url, '/openapi.json HTTP/1.1', `Host: ${host}`)).toBe(REFUSED);
    expect(await askFor(server.url, '/page/serve.js HTTP/1.1', `Host: ${host}`)).toBe(REFUSED);
    expect(await askFor(server.url, '/nothing HTTP/1.1', `Host: ${host}`)).toBe(REFUSED);
    expect(await askFor(server.url, '/livez HTTP/1.1', `Host: ${host}`)).toBe('200');
  });

  it.each<[what: string, answer: string, target: string, ...headers: string[]]>([
    ['two Host headers', MALFORMED, '/livez HTTP/1.1', 'Host: localhost', 'Host: evil.example'],
    ['two equal Host headers', MALFORMED, '/livez HTTP/1.1', 'Host: localhost', 'X: y', 'hOST: localhost'],
    ['no Host header', '400', '/livez HTTP/1.1', 'X: y'],
    ['a NUL in its Host header', MALFORMED, '/livez HTTP/1.1', 'Host: local\0host'],
    ['the address of another host', REFUSED, 'http://evil.example/livez HTTP/1.1', 'Host: localhost'],
    ['the address of this host under another name', REFUSED, 'http://localhost/livez HTTP/1.1', 'Host: evil.example'],
    ['an address with a user', REFUSED, 'http://a@localhost/livez HTTP/1.1', 'Host: localhost'],
    ['an address without a host', MALFORMED, 'http:///livez HTTP/1.1', 'Host: localhost'],
    ['an address of another scheme', REFUSED, 'ftp://localhost/livez HTTP/1.1', 'Host: localhost'],
    ['an address of a foreign host in both', REFUSED, 'http://evil.example/info HTTP/1.1', 'Host: evil.example'],
    ['an empty Host header', REFUSED, '/openapi.json HTTP/1.1', 'Host:'],
  ])('refuses a request with %s', async (_, answer, target, ...headers) => {
    expect(await askFor(server.url, target, ...headers)).toBe(answer);
  });

  it('answers a request with its own address, and one of HTTP/1.0 without a name', async () => {
    const { host } = new URL(server.url);
    expect(await askFor(server.url, `http://${host}/livez HTTP/1.1`, `Host: ${host}`)).toBe('200');
    expect(await askFor(server.url, '/openapi.json HTTP/1.0', 'X: y')).toMatch(/^200/);
  });

  it('names the option that allows further names', async () => {
    const answer = await rawAnswer(
      server.url,
      'GET /info HTTP/1.1\r\nHost: boxes.example\r\nConnection: close\r\n\r\n',
    );
    expect(answer).toContain('--allowed-hosts');
    expect(answer).not.toContain('boxes.example');
  });
});

it.skipIf(outside === undefined)(
  'a server on every interface answers under any name over a network, and under its own over the loopback interface',
  async () => {
    await using server = await TestServer.listening({ args: ['--host', '0.0.0.0'] });
    const { port } = new URL(server.url);
    const answerTo = (address: string, host: string) =>
      askFor(`http://${address}:${port}`, '/openapi.json HTTP/1.1', `Host: ${host}`);
    for (const host of ['10.42.0.7:8000', 'preannotate', 'preannotate.boxes.svc.cluster.local', 'boxes.example.org']) {
      expect.soft(await answerTo(outside!, host), host).toMatch(/^200/);
      expect.soft(await answerTo('127.0.0.1', host), host).toBe(REFUSED);
    }
    for (const host of ['localhost', hostname(), `${hostname()}.local`, outside!, `0.0.0.0:${port}`]) {
      expect.soft(await answerTo('127.0.0.1', host), host).toMatch(/^200/);
    }
  },
);

describe('with --allowed-hosts a server', () => {
  it('answers under these names only, but probes under any name', async () => {
    await using server = await TestServer.ready({ args: ['--allowed-hosts', 'boxes.test,*.Example.org'] });
    const { port } = new URL(server.url);
    const statusOf = async (path: string, host: string) => {
      const sent = request({ host: '127.0.0.1', port, path, headers: { host } }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    for (const host of ['boxes.test', 'boxes.test.', 'BOXES.test:8000', 'a.example.org', 'a.b.example.org:1']) {
      expect.soft(await statusOf('/info', host), host).toBe(200);
    }
    for (const host of ['127.0.0.1', 'evil.test', 'example.org', 'evilexample.org', 'boxes.test.evil.test']) {
      expect.soft(await statusOf('/info', host), host).toBe(400);
      expect.soft(await statusOf('/livez', host), host).toBe(200);
    }
    expect(await codeOf(await server.fetch('/info'))).toBe('HOST_REFUSED');
  });

  it('of * answers under any name', async () => {
    await using server = await TestServer.listening({ args: ['--allowed-hosts', '*'] });
    expect(await askFor(server.url, '/openapi.json HTTP/1.1', 'Host: boxes.example')).toMatch(/^200/);
    expect(await askFor(server.url, '/openapi.json HTTP/1.1', 'Host: a', 'Host: b')).toBe(MALFORMED);
  });
});
