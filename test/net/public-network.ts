/**
 * Started by public-network.process.test.ts in a network namespace of its own, where public and private addresses are
 * all this machine: the connections that it gets show what the guard keeps apart. Prints one line of JSON.
 */
import { RemoteImages } from '../../src/images/remote/remote-images.js';
import { fetchImage } from '../../src/net/fetch-image.js';
import type { UrlPolicy } from '../../src/net/url-policy.js';
import { startNameServer } from '../support/servers/name-server.js';
import { PHOTO, startWebServer } from '../support/servers/web-server.js';
import { FORBIDDEN_HOSTS } from './forbidden.js';

const [PUBLIC_V4 = '', PUBLIC_V6 = ''] = process.argv.slice(2);

using web = await startWebServer((request, response) => {
  const to = new URL(request.url!, 'http://x').searchParams.get('to');
  if (to === null) response.setHeader('content-type', 'image/jpeg').end(PHOTO);
  else response.writeHead(302, { location: Buffer.from(to).toString('latin1') }).end();
});
using canary = await startWebServer();
using names = await startNameServer({
  localhost: ['127.0.0.1', '::1'],
  'photos.test': [PUBLIC_V4],
  'both.test': [PUBLIC_V6, PUBLIC_V4],
  'rebinding.test': (nth) => (nth === 1 ? [PUBLIC_V4] : ['127.0.0.1']),
});
const policy: UrlPolicy = {
  ...{ enabled: true, allowPrivate: false, maxBytes: 1e6, timeoutMs: 3000, maxRedirects: 5 },
  allowHosts: [`*:${web.port}`, `*:${canary.port}`],
  dnsServers: [names.address],
};

async function outcome(url: string, rules: UrlPolicy = policy): Promise<string> {
  const answer = await fetchImage(url, rules, new AbortController().signal).catch((error: unknown) => error);
  if (answer instanceof Uint8Array) return Buffer.compare(answer, PHOTO) === 0 ? 'photo' : 'other bytes';
  return (answer as { code?: string }).code ?? String(answer);
}

const fetched: Record<string, string> = {};
for (const host of [PUBLIC_V4, `[${PUBLIC_V6}]`, 'photos.test', 'both.test', 'rebinding.test']) {
  fetched[host] = await outcome(`http://${host}:${web.port}/`);
}
const asked = names.asked.filter((question) => question.endsWith('rebinding.test')).length;
fetched['rebinding.test, again'] = await outcome(`http://rebinding.test:${web.port}/`);

const redirected: Record<string, string> = {};
const before = web.connections;
for (const host of FORBIDDEN_HOSTS) {
  const to = encodeURIComponent(`http://${host}:${canary.port}/`);
  redirected[host] = await outcome(`http://photos.test:${web.port}/?to=${to}`);
}
const webConnections = web.connections - before;

await using images = new RemoteImages({
  ...policy,
  perHost: 2,
  s3: { pathStyle: false, unsigned: false },
});
const redirectedImages: Record<string, string> = {};
for (const host of FORBIDDEN_HOSTS) {
  const to = encodeURIComponent(`http://${host}:${canary.port}/`);
  redirectedImages[host] = await outcomeOfImage(`http://photos.test:${web.port}/?to=${to}`);
}
const imagesFetched = {
  direct: await outcomeOfImage(`http://photos.test:${web.port}/`),
  private: await outcomeOfImage(`http://127.0.0.1:${web.port}/`),
  rebound: await outcomeOfImage(`http://rebinding.test:${web.port}/`), // 127.0.0.1 by now
};

async function outcomeOfImage(url: string): Promise<string> {
  try {
    using fetched = await images.fetch({ name: 'a.jpg', url }, new AbortController().signal);
    return Buffer.compare(fetched.bytes, PHOTO) === 0 ? 'photo' : 'other bytes';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
const connections = { asked, web: webConnections, canary: canary.connections };

const opened = { ...policy, allowPrivate: true };
const control: Record<string, string> = {};
for (const host of ['127.0.0.1', '[::1]', '10.0.0.7', '192.168.1.1', '[fd00::7]', '169.254.169.254']) {
  control[host] = await outcome(`http://photos.test:${web.port}/?to=http://${host}:${canary.port}/`, opened);
}
console.log(
  JSON.stringify({
    fetched,
    redirected,
    redirectedImages,
    imagesFetched,
    connections,
    control,
    canary: canary.connections,
  }),
);
