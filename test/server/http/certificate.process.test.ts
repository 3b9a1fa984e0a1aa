import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { certificate, hasOpenssl } from '../../support/servers/certificate.js';
import { EMOJI, preannotate } from '../../support/cli.js';
import { closing, connection } from '../../support/clients/requests.js';
import { TestServer } from '../../support/server.js';

async function get(options: RequestOptions): Promise<[status: number | undefined, text: string]> {
  const [response] = (await once(request(options).end(), 'response')) as [IncomingMessage];
  return [response.statusCode, await text(response)];
}

describe.skipIf(!hasOpenssl())('a server with a certificate (needs the openssl command)', () => {
  it('serves HTTPS, and cuts off clients that do not begin the handshake within 10 s', async () => {
    const { certPath, keyPath, cert: ca } = await certificate();
    const args = ['--tls-cert', certPath, '--tls-key', keyPath];
    await using server = await TestServer.ready({ args, clockRate: 5 });
    const { protocol, port } = new URL(server.url);
    const silent = connection(server.url.replace('https', 'http'));
    await once(silent, 'connect');
    const since = performance.now();
    const cut = closing(silent).then(() => (performance.now() - since) * 5);
    expect(protocol).toBe('https:');
    const address = { host: '127.0.0.1', port, path: '/health' };
    expect(await get({ ...address, ca })).toEqual([200, 'ok']);
    await expect(get(address)).rejects.toThrow(/self-signed/);
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow();
    expect(await cut).toBeLessThan(10_000);
  });

  it('is refused at the start where half of it is missing or the files are confused', async () => {
    const { certPath, keyPath } = await certificate();
    const serve = (...args: string[]) => preannotate(['serve', ...EMOJI, '--port', '0', ...args]);
    const [half, wrong] = await Promise.all([
      serve('--tls-cert', certPath),
      serve('--tls-cert', keyPath, '--tls-key', certPath),
    ]);
    expect([half.code, half.stderr]).toEqual([2, expect.stringContaining('Give both --tls-cert and --tls-key')]);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('cannot be used')]);
  });
});
