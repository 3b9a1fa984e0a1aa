import { execFile } from 'node:child_process';
import { createServer as createHttpsServer } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fetchImage } from '../../src/net/fetch-image.js';
import type { UrlPolicy } from '../../src/net/url-policy.js';
import { certificate, hasOpenssl } from '../support/servers/certificate.js';
import { startNameServer } from '../support/servers/name-server.js';
import { PHOTO, started, startWebServer } from '../support/servers/web-server.js';
import { never, POLICY } from './fetching.js';

describe.skipIf(!hasOpenssl())('an image server with TLS (needs the openssl command)', () => {
  it('is addressed by its name, and fails with URL_FETCH_FAILED where its certificate is not trusted', async () => {
    const secure = await certificate();
    const named: string[] = [];
    const SNICallback = (name: string, done: (error: null) => void) => {
      named.push(name);
      done(null);
    };
    using web = await started(createHttpsServer({ ...secure, SNICallback }));
    using names = await startNameServer({ 'photos.test': ['127.0.0.1'] });
    const policy: UrlPolicy = { ...POLICY, allowHosts: [`*:${web.port}`], dnsServers: [names.address] };
    for (const host of ['photos.test', 'photos.test.', '127.0.0.1']) {
      await expect(fetchImage(`https://${host}:${web.port}/`, policy, never)).rejects.toMatchObject({
        code: 'URL_FETCH_FAILED',
        message: expect.stringMatching(/no trusted TLS connection .* \(DEPTH_ZERO_SELF_SIGNED_CERT\)/),
      });
    }
    expect(named).toEqual(['photos.test', 'photos.test']);
  });

  it('with a trusted certificate is fetched from, but redirects from it to plain http are refused', async () => {
    const secure = await certificate();
    using plain = await startWebServer();
    using web = await started(
      createHttpsServer(secure, (request, response) => {
        if (request.url === '/down') response.writeHead(302, { location: `http://127.0.0.1:${plain.port}/` });
        response.end(PHOTO);
      }),
    );
    using names = await startNameServer({ 'photos.test': ['127.0.0.1'], 'other.test': ['127.0.0.1'] });
    const policy = { ...POLICY, allowHosts: [`*:${web.port}`, `*:${plain.port}`], dnsServers: [names.address] };
    const fetched = (host: string, path: string) =>
      inProcessThatTrusts(secure.certPath, `https://${host}:${web.port}${path}`, policy);
    expect(await fetched('photos.test', '/')).toBe(`${PHOTO.length} bytes`);
    expect(await fetched('photos.test', '/down')).toBe('URL_REFUSED');
    expect(await fetched('other.test', '/')).toBe('URL_FETCH_FAILED'); // the certificate is for another name
    expect(plain.connections).toBe(0);
  });

  it('that does not speak TLS fails with URL_FETCH_FAILED', async () => {
    using web = await startWebServer();
    const policy: UrlPolicy = { ...POLICY, allowHosts: [`*:${web.port}`] };
    await expect(fetchImage(`https://127.0.0.1:${web.port}/`, policy, never)).rejects.toMatchObject({
      code: 'URL_FETCH_FAILED',
      message: expect.stringContaining('TLS'),
    });
  });
});

/** Node reads the authorities it trusts beside its own when it starts. */
async function inProcessThatTrusts(certPath: string, url: string, policy: UrlPolicy): Promise<string> {
  const module = join(import.meta.dirname, '../../src/net/fetch-image.ts');
  const code = `
    import { fetchImage } from ${JSON.stringify(module)};
    const [url, policy] = process.argv.slice(1);
    const fetched = fetchImage(url, JSON.parse(policy), new AbortController().signal);
    console.log(await fetched.then(({ length }) => length + ' bytes', ({ code }) => code));`;
  const argv = ['--import', 'tsx', '--input-type=module', '-e', code, url, JSON.stringify(policy)];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certPath };
  return (await promisify(execFile)(process.execPath, argv, { env })).stdout.trim();
}
