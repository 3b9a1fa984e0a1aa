import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { fetchImage } from '../../src/net/fetch-image.js';
import type { UrlPolicy } from '../../src/net/url-policy.js';
import { startNameServer, type Zone } from '../support/servers/name-server.js';
import { PHOTO, startWebServer } from '../support/servers/web-server.js';
import { FORBIDDEN_ADDRESSES, FORBIDDEN_HOSTS, LOOPBACK_HOSTS } from './forbidden.js';
import { boundsOf, CLOSED_V4, spellingsOf } from './ranges.js';
import { Random } from '../support/random.js';

let canary: Awaited<ReturnType<typeof startWebServer>>;
beforeAll(async () => {
  canary = await startWebServer();
});
afterAll(() => canary[Symbol.dispose]());

/** Every host on the canary's port: nothing but the check of addresses is between a URL and the canary. */
function policy(changes: Partial<UrlPolicy> = {}): UrlPolicy {
  const base = { enabled: true, allowPrivate: false, maxBytes: 1e6, timeoutMs: 3000, maxRedirects: 5 };
  return { ...base, allowHosts: [`*:${canary.port}`, '*'], ...changes };
}

/** The failure's code and texts, or "fetched"; and how many connections the canary got meanwhile. */
async function attempt(url: string, rules: UrlPolicy) {
  const before = canary.connections;
  const outcome = await fetchImage(url, rules, new AbortController().signal).then(
    () => 'fetched',
    (error: unknown) => error as { code: string; message: string; hint: string },
  );
  return { outcome, connections: canary.connections - before };
}

const FIXED = {
  code: 'URL_REFUSED',
  message: 'image_url is not an address that this server fetches from, or its host is unknown.',
};

describe('an image_url that leads into a private network', () => {
  it.each([...FORBIDDEN_HOSTS])('is refused before any connection, always with the same message: %s', async (host) => {
    using names = await startNameServer({ localhost: ['127.0.0.1', '::1'] });
    const { outcome, connections } = await attempt(
      `http://${host}:${canary.port}/`,
      policy({ dnsServers: [names.address] }),
    );
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it.each([
    'http:127.0.0.1:PORT/',
    'http:/127.0.0.1:PORT/',
    'http:\\\\127.0.0.1:PORT/',
    'http:\\/\\/127.0.0.1:PORT\\@example.org/',
    'http:////127.0.0.1:PORT/',
    ' \n http://127.0.0.1:PORT/ ',
    'ht\ttp://127.0\n.0.1:PORT/',
    'http://@127.0.0.1:PORT/',
    'http://:@127.0.0.1:PORT/',
    'http://user@127.0.0.1:PORT/',
    'http://example.org@127.0.0.1:PORT/',
    'http://127.0.0.1:PORT#@example.org/',
    'http://127.0.0.1:PORT?@example.org/',
    'https://127.0.0.1:PORT/',
    'file://127.0.0.1/etc/passwd',
    'ftp://127.0.0.1:PORT/',
    'gopher://127.0.0.1:PORT/_GET',
    'blob:http://127.0.0.1:PORT/1',
    'http://[::1%25lo]:PORT/',
    'http://[fe80::1%25eth0]:PORT/',
    'http://127.0.0.1:22/',
    'http://127.0.0.1:25/',
    'http://127.0.0.1:6379/',
  ])('is refused in the form %j', async (form) => {
    const { outcome, connections } = await attempt(form.replace('PORT', String(canary.port)), policy());
    expect(connections).toBe(0);
    expect(outcome).toMatchObject({ code: form.includes('%25') ? 'URL_INVALID' : 'URL_REFUSED' });
  });

  it('is refused for addresses all over each closed block, in 28 spellings each', async () => {
    const random = new Random(3);
    const reached: string[] = [];
    for (const block of CLOSED_V4) {
      const [first, last] = boundsOf(block);
      const inside = Array.from({ length: 12 }, () => {
        return first + Math.floor(((random.uniform() + 1) / 2) * (last - first + 1));
      });
      for (const host of [first, last, ...inside].flatMap(spellingsOf)) {
        const { outcome, connections } = await attempt(`http://${host}:${canary.port}/`, policy());
        if (connections > 0 || typeof outcome === 'string' || outcome.code !== 'URL_REFUSED') reached.push(host);
      }
    }
    expect(reached).toEqual([]);
  });

  it.each([...LOOPBACK_HOSTS].filter((host) => !/^(0|0\.0\.0\.0|\[::\]|\[::ffff.*)$/.test(host)))(
    'with the host %s reaches this machine where private networks are open',
    async (host) => {
      const { outcome } = await attempt(`http://${host}:${canary.port}/`, policy({ allowPrivate: true }));
      expect(outcome).toBe('fetched');
    },
  );

  it('is refused despite HTTP_PROXY in the environment, and no proxy is used for what is allowed', async () => {
    using proxy = await startWebServer();
    const saved = { ...process.env };
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']) {
      process.env[name] = name.startsWith('NODE') ? '1' : `http://127.0.0.1:${proxy.port}`;
    }
    try {
      const url = `http://127.0.0.1:${canary.port}/`;
      expect((await attempt(url, policy())).outcome).toMatchObject(FIXED);
      expect((await attempt(url, policy({ allowPrivate: true }))).outcome).toBe('fetched');
      expect(proxy.connections).toBe(0);
    } finally {
      process.env = saved;
    }
  });
});

describe('a host name', () => {
  const PUBLIC = '3ffe::1'; // was handed out until 2006, leads nowhere since

  async function ask(zone: Zone, name = 'photos.test', changes: Partial<UrlPolicy> = {}) {
    using names = await startNameServer(zone);
    const rules = policy({ dnsServers: [names.address], ...changes });
    return { ...(await attempt(`http://${name}:${canary.port}/`, rules)), asked: names.asked };
  }

  it.each(FORBIDDEN_ADDRESSES)('of the address %s is refused before any connection', async (address) => {
    const { outcome, connections } = await ask({ 'photos.test': [address] });
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it.each([
    [['8.8.8.8', '127.0.0.1']],
    [['127.0.0.1', '8.8.8.8']],
    [['8.8.8.8', '::1']],
    [[PUBLIC, '10.0.0.7']],
    [['8.8.8.8', '8.8.4.4', '1.1.1.1', '1.0.0.1', '9.9.9.9', '127.0.0.1']],
  ])('of public and private addresses together is refused: %j', async (addresses) => {
    const { outcome, connections } = await ask({ 'photos.test': addresses });
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it('that is an alias of a private one is refused', async () => {
    const zone = { 'photos.test': ['CNAME cdn.test'], 'cdn.test': ['CNAME inside.test'], 'inside.test': ['127.0.0.1'] };
    const { outcome, connections } = await ask(zone);
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it('is looked up once, so that it cannot change to a private address between check and connection', async () => {
    const { outcome, connections, asked } = await ask(
      { 'photos.test': (nth) => (nth === 1 ? [PUBLIC] : ['127.0.0.1', '::1']) },
      'photos.test',
      { timeoutMs: 500 },
    );
    expect([...asked].sort()).toEqual(['A photos.test', 'AAAA photos.test']);
    expect(connections).toBe(0);
    expect(outcome).toMatchObject({ code: expect.stringMatching(/^URL_(FETCH_FAILED|TIMEOUT)$/) });
  });

  it('that does not exist is refused with the same message, so that names of a network cannot be guessed', async () => {
    const { outcome } = await ask({}, 'no-such-name.test');
    expect(outcome).toMatchObject(FIXED);
    expect((await ask({ 'photos.test': [] })).outcome).toMatchObject(FIXED);
    expect((await ask({}, 'a..b.test')).outcome).toMatchObject(FIXED);
  });

  it('whose name server fails or is silent fails with URL_FETCH_FAILED or URL_TIMEOUT', async () => {
    expect((await ask({ 'photos.test': ['SERVFAIL'] })).outcome).toMatchObject({ code: 'URL_FETCH_FAILED' });
    const silent = await ask({ 'photos.test': ['SILENCE'] }, 'photos.test', { timeoutMs: 300 });
    expect(silent.outcome).toMatchObject({ code: 'URL_TIMEOUT' });
  });

  it('is looked up in the hosts file too where private networks are open', async () => {
    const { outcome } = await attempt(`http://localhost:${canary.port}/`, policy({ allowPrivate: true }));
    expect(outcome).toBe('fetched');
  });
});

describe('a redirect', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/',
    'http://[::ffff:127.0.0.1]:PORT/',
    'http://[64:ff9b::7f00:1]:PORT/',
    'http://[::127.0.0.1]:PORT/',
    'http://0:PORT/',
    'http://[::]:PORT/',
    'http://224.0.0.1:PORT/',
    'http://inside.test:PORT/',
    'http://user@127.0.0.1:PORT/',
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'ftp://127.0.0.1/',
    'gopher://127.0.0.1:PORT/',
    'unix:/run/docker.sock',
    'http://[',
  ])('to what may not be fetched is refused with the same message: %s', async (location) => {
    const target = location.replace('PORT', String(canary.port));
    using web = await startWebServer((_, response) => void response.writeHead(302, { location: target }).end());
    using names = await startNameServer({ 'photos.test': ['127.0.0.1'], 'inside.test': ['169.254.169.254'] });
    const rules = policy({
      allowPrivate: true,
      allowHosts: [`*:${web.port}`, `*:${canary.port}`, '*'],
      dnsServers: [names.address],
    });
    const { outcome, connections } = await attempt(`http://photos.test:${web.port}/`, rules);
    expect(web.connections).toBe(1);
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it('to a port that is not open is refused by the port, before any connection', async () => {
    const to = `http://127.0.0.1:${canary.port}/`;
    using web = await startWebServer((_, response) => void response.writeHead(302, { location: to }).end());
    const rules = policy({ allowPrivate: true, allowHosts: [`*:${web.port}`] });
    const { outcome, connections } = await attempt(`http://127.0.0.1:${web.port}/`, rules);
    expect([web.connections, connections]).toEqual([1, 0]);
    expect(outcome).toMatchObject({
      code: 'URL_REFUSED',
      message: `image_url leads to port ${canary.port}, which this server does not fetch from.`,
    });
  });

  it('to a host that is not on the list is refused even where private networks are open', async () => {
    using web = await startWebServer((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${canary.port}/` }).end();
    });
    using names = await startNameServer({ 'photos.test': ['127.0.0.1'] });
    const rules = policy({
      allowPrivate: true,
      allowHosts: [`photos.test:${web.port}`],
      dnsServers: [names.address],
    });
    const { outcome, connections } = await attempt(`http://photos.test:${web.port}/`, rules);
    expect(connections).toBe(0);
    expect(outcome).toMatchObject(FIXED);
  });

  it('to its own host makes the name be looked up and checked again', async () => {
    using web = await startWebServer((_, response) => void response.writeHead(302, { location: '/again' }).end());
    using names = await startNameServer({
      'photos.test': (nth) => (nth === 1 ? ['127.0.0.1'] : ['169.254.169.254']),
    });
    const rules = policy({ allowPrivate: true, allowHosts: [`*:${web.port}`], dnsServers: [names.address] });
    const { outcome } = await attempt(`http://photos.test:${web.port}/`, rules);
    expect(web.connections).toBe(1);
    expect(outcome).toMatchObject(FIXED);
  });
});

it('the canary of these tests answers with the photo where it may be fetched', async () => {
  const rules = policy({ allowPrivate: true });
  const bytes = await fetchImage(`http://127.0.0.1:${canary.port}/`, rules, new AbortController().signal);
  expect(Buffer.compare(bytes, PHOTO)).toBe(0);
});
