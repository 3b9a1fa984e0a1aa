import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { certificate, hasOpenssl } from '../support/servers/certificate.js';
import { EMOJI, preannotate } from '../support/cli.js';
import { codeOf, statuses, times } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

/** LitServe's tests of how a server is reached and by whom, asked of ours. The ids are those of SERVING.md, section 3. */

const bytes = await scene('scene-01.jpg');
const KEY = 'a-key-of-sixteen-letters';

/** What GET is answered with, over TLS or a Unix socket. */
async function got(options: RequestOptions): Promise<[status: number | undefined, text: string]> {
  const sent = ('socketPath' in options ? httpRequest : httpsRequest)(options).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += String(part);
  return [response.statusCode, text];
}

describe('a server', () => {
  it('H04: tells its health where it is asked to, and to whoever asks', async () => {
    await using server = await TestServer.ready({
      args: ['--health-path', '/up/now'],
      env: { PREANNOTATE_API_KEYS: KEY },
    });
    expect(await (await server.fetch('/up/now')).text()).toBe('ok');
    expect((await server.fetch('/up/now', { method: 'HEAD' })).status).toBe(200);
    const key = { headers: { 'x-api-key': KEY } };
    expect((await server.fetch('/health', key)).status).toBe(404);
    const { paths } = (await (await server.fetch('/openapi.json', key)).json()) as { paths: object };
    expect(paths).toHaveProperty(['/up/now']);
    expect(paths).not.toHaveProperty(['/health']);
  });

  it('H18, H19, X11: opens to its keys only: to all of them, under both headers, and with the docs behind them', async () => {
    await using server = await TestServer.ready({ env: { PREANNOTATE_API_KEYS: `${KEY},another-${KEY}` } });
    const ask = (headers: Record<string, string>) => server.post(bytes, { headers });
    const right = [{ 'x-api-key': KEY }, { authorization: `Bearer another-${KEY}` }];
    const wrong = [{}, { 'x-api-key': `${KEY}!` }, { authorization: `Basic ${KEY}` }, { 'x-api-key': '' }];
    expect(await statuses(right.map(ask))).toEqual([200, 200]);
    expect(await statuses(wrong.map(ask))).toEqual([401, 401, 401, 401]);
    const routes = ['/info', '/docs', '/openapi.json', '/metrics', '/predict/batch', '/nothing'];
    expect(await statuses(routes.map((path) => server.fetch(path)))).toEqual(routes.map(() => 401));
  });

  it('H21: takes a form of 100 MB, where its limits allow that', async () => {
    const args = [
      '--body-limit',
      '110MB',
      '--max-bytes',
      '101MB',
      '--timeout-sec',
      '100',
      '--receive-timeout-sec',
      '100',
    ];
    await using server = await TestServer.ready({ args });
    const form = new FormData();
    form.append('image', new Blob([bytes, new Uint8Array(100_000_000 - bytes.length)]), 'large.jpg');
    const response = await server.fetch('/predict', { method: 'POST', body: form });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ width: 320, height: 240 });
  });

  it('H24: compresses what is worth it for clients that take that, and reads what they compressed', async () => {
    await using server = await TestServer.ready({ args: ['--body-limit', '100KB'] });
    const get = async (accepted: string, path = '/openapi.json') => {
      const { headers } = await server.fetch(path, { headers: { 'accept-encoding': accepted } });
      return [headers.get('content-encoding'), headers.get('vary')];
    };
    const vary = 'accept-encoding';
    expect(await get('gzip')).toEqual(['gzip', vary]);
    expect(await get('gzip;q=0.5, br')).toEqual(['br', vary]);
    expect(await get('gzip;q=0, br;q=0.0, *;q=0')).toEqual([null, vary]);
    expect(await get('identity')).toEqual([null, vary]);
    expect(await get('gzip', '/livez')).toEqual([null, null]); // a few bytes
    const plain = await (await server.fetch('/openapi.json', { headers: { 'accept-encoding': 'identity' } })).text();
    for (const coding of ['gzip', 'br']) {
      expect(await (await server.fetch('/openapi.json', { headers: { 'accept-encoding': coding } })).text()).toBe(
        plain,
      );
    }

    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const send = (body: string | Uint8Array<ArrayBuffer>) =>
      server.fetch('/predict', { method: 'POST', body, headers });
    const json = JSON.stringify({ image_base64: base64(bytes) });
    expect((await send(Uint8Array.from(gzipSync(json)))).status).toBe(200);
    const bomb = await send(Uint8Array.from(gzipSync(Buffer.alloc(50_000_000))));
    expect([bomb.status, await codeOf(bomb)]).toEqual([413, 'BODY_TOO_LARGE']);
    for (const body of [json, Uint8Array.from(gzipSync(json).subarray(0, 500))]) {
      const response = await send(body);
      expect([response.status, await codeOf(response)]).toEqual([400, 'REQUEST_MALFORMED']);
    }
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('H28: answers under its own names only, where they are given, but to probes under any', async () => {
    await using server = await TestServer.ready({ args: ['--allowed-hosts', 'boxes.test,*.Example.org'] });
    const { port } = new URL(server.url);
    const ask = async (path: string, host: string) => {
      const sent = httpRequest({ host: '127.0.0.1', port, path, headers: { host } }).end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    for (const host of ['boxes.test', 'BOXES.test:8000', 'a.example.org', 'a.b.example.org:1']) {
      expect.soft(await ask('/info', host), host).toBe(200);
    }
    for (const host of ['127.0.0.1', 'evil.test', 'example.org', 'evilexample.org', 'boxes.test.evil.test']) {
      expect.soft(await ask('/info', host), host).toBe(400);
      expect.soft(await ask('/livez', host), host).toBe(200);
    }
    expect(await codeOf(await server.fetch('/info'))).toBe('HOST_REFUSED');
  });

  it('H35: keeps its description to itself, where that is asked for', async () => {
    await using server = await TestServer.ready({ args: ['--no-docs'] });
    for (const path of ['/docs', '/openapi.json']) expect((await server.fetch(path)).status, path).toBe(404);
    expect((await (await server.fetch('/docs')).json()) as object).toMatchObject({ detail: 'There is nothing here.' });
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('listens on a Unix socket too, also where a server that was killed has left one', async () => {
    const socketPath = join(await temporaryFolder(), 'boxes.sock');
    const start = () => TestServer.ready({ args: ['--unix', socketPath] });
    await (await start())[Symbol.asyncDispose](); // by SIGKILL
    await using server = await start();
    expect(server.running.stdout).toContain(`at unix:${socketPath}\n`);
    expect(await got({ socketPath, path: '/health' })).toEqual([200, 'ok']);
    const second = await preannotate(['serve', ...EMOJI, '--unix', socketPath]);
    expect([second.code, second.stderr]).toEqual([2, expect.stringContaining('Another server listens there')]);
    expect((await server.stop()).code).toBe(0);
    await expect(readFile(socketPath)).rejects.toThrow('ENOENT');
    await writeFile(socketPath, 'mine');
    expect((await preannotate(['serve', ...EMOJI, '--unix', socketPath])).code).toBe(2);
    expect(await readFile(socketPath, 'utf8')).toBe('mine');
  });

  it.skipIf(!hasOpenssl())('serves HTTPS with a certificate (needs the openssl command)', async () => {
    const { certPath: cert, keyPath: key, cert: ca } = await certificate();
    await using server = await TestServer.ready({ args: ['--tls-cert', cert, '--tls-key', key] });
    const { protocol, port } = new URL(server.url);
    expect(protocol).toBe('https:');
    expect(await got({ host: '127.0.0.1', port, path: '/health', ca })).toEqual([200, 'ok']);
    await expect(got({ host: '127.0.0.1', port, path: '/health' })).rejects.toThrow(/self-signed/);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    const half = await preannotate(['serve', ...EMOJI, '--port', '0', '--tls-cert', cert]);
    expect([half.code, half.stderr]).toEqual([2, expect.stringContaining('Give both --tls-cert and --tls-key')]);
    const wrong = await preannotate(['serve', ...EMOJI, '--port', '0', '--tls-cert', key, '--tls-key', cert]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('cannot be used')]);
  });
});

describe('what cannot be', () => {
  it.each<[args: string[], said: RegExp]>([
    [['--host', 'no such host'], /no such host:0 cannot be listened on/],
    [['--host', '192.0.2.1'], /192\.0\.2\.1:0 cannot be listened on.*\n.*--host/],
    [['--port', '-1'], /--port/],
    [['--port', '65536'], /--port must be at most 65535/],
    [['--port', 'http'], /--port must be a (?:whole )?number/],
    [['--device', 'abacus'], /--device must be auto, or a list of devices/],
    [['--workers-per-device', '0'], /--workers-per-device must be at least 1/],
    [['--health-path', 'up'], /--health-path must be a path such as \/health/],
    [['--health-path', '/info'], /--health-path \/info is an address of the server already/],
    [['--allowed-hosts', 'http://x'], /--allowed-hosts/],
  ])('H34: %j is refused with exit code 2 and a reason', async (args, said) => {
    const { code, stderr, stdout } = await preannotate(['serve', ...EMOJI, '--port', '0', ...args]);
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(said);
    expect(stderr).not.toMatch(/\bat .*:\d+:\d+/);
    expect(stdout).toBe('');
  });
});

describe('a server that leaves', () => {
  it('goes on for --drain-delay-sec while it says that it is not ready, and then finishes', async () => {
    await using server = await TestServer.ready({ args: ['--drain-delay-sec', '1.5'] });
    const ended = server.stop();
    await server.until(async () => (await server.fetch('/readyz')).status === 503);
    expect(await statuses(times(3, () => server.post(bytes)))).toEqual([200, 200, 200]);
    expect(await (await server.fetch('/health')).text()).toBe('not ready');
    expect(await statuses([server.fetch('/livez'), server.fetch('/startupz')])).toEqual([200, 200]);
    expect((await ended).code).toBe(0);
  });
});
