import { describe, expect, it } from 'vitest';
import {
  resolveAllowedRedirect,
  parseAllowedUrl,
  requireValidHosts,
  type UrlPolicy,
} from '../../src/net/url-policy.js';

const POLICY: UrlPolicy = { enabled: true, allowPrivate: false, maxBytes: 1e6, timeoutMs: 1000, maxRedirects: 5 };

const REFUSED = expect.objectContaining({ code: 'URL_REFUSED' });
const INVALID = expect.objectContaining({ code: 'URL_INVALID' });

describe('allowedUrl', () => {
  it.each([
    'http://example.org/a.jpg',
    'https://example.org/a.jpg?size=1',
    'http://example.org:8080/',
    'https://example.org:8443/',
    'http://example.org:443/',
    'HTTPS://EXAMPLE.ORG/',
  ])('lets http and https through, on their usual ports: %s', (url) => {
    expect(parseAllowedUrl(url, POLICY).href).toBe(new URL(url).href);
  });

  it.each([
    'file:///etc/passwd',
    'data:image/png;base64,AAAA',
    'blob:http://example.org/1',
    'ftp://example.org/a.jpg',
    'gopher://example.org/',
    'unix:/run/docker.sock',
    'http+unix://%2Frun%2Fdocker.sock/',
    'javascript:alert(1)',
    'ws://example.org/',
    'about:blank',
  ])('refuses other schemes: %s', (url) => {
    expect(() => parseAllowedUrl(url, POLICY)).toThrow(REFUSED);
  });

  it.each([
    'http://a@example.org/',
    'http://a:b@example.org/',
    'http://:b@example.org/',
    'http://example.com@example.org/',
  ])('refuses user names and passwords: %s', (url) => {
    expect(() => parseAllowedUrl(url, POLICY)).toThrow(REFUSED);
  });

  it.each([
    0, 1, 21, 22, 23, 25, 53, 110, 111, 135, 139, 389, 445, 465, 587, 1433, 2375, 2379, 3306, 5432, 6379, 9200, 11211,
    27017, 65535,
  ])('refuses port %i, where something else than a web server may listen', (port) => {
    expect(() => parseAllowedUrl(`http://example.org:${port}/`, POLICY)).toThrow(REFUSED);
    expect(
      parseAllowedUrl(`http://example.org:${port}/`, { ...POLICY, allowHosts: [`example.org:${port}`] }).port,
    ).toBe(String(port));
  });

  it.each([1, 25, 5000, 8000, 8443, 9000, 65535])(
    'lets port %i through where private networks are open, but not where another port is required',
    (port) => {
      const open = { ...POLICY, allowPrivate: true };
      for (const host of ['127.0.0.1', 'example.org']) {
        const url = `http://${host}:${port}/`;
        expect(parseAllowedUrl(url, open).href).toBe(url);
        expect(parseAllowedUrl(url, { ...open, allowHosts: [host] }).href).toBe(url);
        expect(() => parseAllowedUrl(url, { ...open, allowHosts: [`${host}:77`] })).toThrow(REFUSED);
        expect(() => parseAllowedUrl(url, { ...open, allowHosts: ['other.test'] })).toThrow(REFUSED);
      }
    },
  );

  it('names a port that is refused and those that are open, unless the host itself is refused', () => {
    const refusal = (policy: Partial<UrlPolicy>) => {
      try {
        parseAllowedUrl('https://example.org:9000/a.jpg', { ...POLICY, ...policy });
      } catch (error) {
        return error as { message: string; hint: string };
      }
      throw new Error('was not refused');
    };
    for (const allowHosts of [[], ['example.org'], ['*'], ['*.example.org', 'example.org:443']]) {
      const { message, hint } = refusal({ allowHosts });
      expect(message).toContain('port 9000');
      expect(hint).toMatch(/ports 80, 443, 8080 and 8443; its operator can open others\..*image_base64/);
    }
    for (const policy of [{ enabled: false }, { allowHosts: ['other.test'] }]) {
      const { message, hint } = refusal(policy);
      expect(`${message} ${hint}`).not.toContain('9000');
    }
  });

  it.each([
    '',
    'photo.jpg',
    '//example.org/a.jpg',
    'http://',
    'http://exa mple.org',
    'http://[fe80::1%25eth0]/',
    'http://[::1',
    'http://256.1.1.1/',
    'http://example.org:99999/',
    `http://example.org/${'a'.repeat(9000)}`,
  ])('refuses what is not a URL: %.40s', (url) => {
    expect(() => parseAllowedUrl(url, POLICY)).toThrow(INVALID);
  });

  it('refuses every URL when it is switched off, whatever it looks like', () => {
    for (const url of ['http://example.org/', 'file:///', 'nonsense']) {
      expect(() => parseAllowedUrl(url, { ...POLICY, enabled: false })).toThrow(REFUSED);
    }
  });

  it('gives hosts their one spelling, without the dot of a full name', () => {
    expect(parseAllowedUrl('http://EXAMPLE.org./a', POLICY).href).toBe('http://example.org/a');
    expect(parseAllowedUrl('http://0x7f.1../a', POLICY).hostname).toBe('127.0.0.1'); // an address after all
    expect(parseAllowedUrl('http://b\u00fccher.example/', POLICY).hostname).toBe('xn--bcher-kva.example');
  });
});

describe('allowHosts', () => {
  it.each<[string, string, boolean]>([
    ['example.org', 'http://example.org/', true],
    ['Example.ORG', 'http://example.org/', true],
    ['example.org.', 'http://example.org/', true],
    ['example.org', 'http://example.org./', true],
    ['example.org', 'http://www.example.org/', false],
    ['example.org', 'http://badexample.org/', false],
    ['example.org', 'http://example.org.evil.test/', false],
    ['example.org', 'http://example.org:9000/', false],
    ['example.org:9000', 'http://example.org:9000/', true],
    ['example.org:9000', 'http://example.org/', false],
    ['example.org:80', 'http://example.org/', true],
    ['example.org:80', 'https://example.org/', false],
    ['example.org:443', 'https://example.org/', true],
    ['example.org:0443', 'https://example.org/', true],
    ['*.example.org', 'http://a.example.org/', true],
    ['*.example.org', 'http://a.b.example.org/', true],
    ['*.example.org', 'http://example.org/', false],
    ['*.example.org', 'http://aexample.org/', false],
    ['*.example.org', 'http://a.example.org.evil.test/', false],
    ['*.example.org:9000', 'http://a.example.org:9000/', true],
    ['*', 'http://example.org/', true],
    ['*', 'http://example.org:9000/', false],
    ['*:9000', 'http://example.org:9000/', true],
    ['b\u00fccher.example', 'http://xn--bcher-kva.example/', true],
    ['10.0.0.7:9000', 'http://10.0.0.7:9000/', true],
    ['10.0.0.7', 'http://0x0a000007/', true],
    ['[fd00::7]', 'http://[fd00:0::7]/', true],
    ['[fd00::7]:9000', 'http://[fd00::7]:9000/', true],
  ])('%s and %s: %s', (entry, url, may) => {
    const check = () => parseAllowedUrl(url, { ...POLICY, allowHosts: ['other.test', entry] });
    if (may) expect(check()).toBeInstanceOf(URL);
    else expect(check).toThrow(REFUSED);
  });

  it('an empty list narrows nothing', () => {
    expect(parseAllowedUrl('http://example.org/', { ...POLICY, allowHosts: [] })).toBeInstanceOf(URL);
  });

  it.each([
    '',
    '*.',
    '*a.org',
    'a.*.org',
    'http://example.org',
    'example.org/a',
    'a@example.org',
    'example.org:',
    ':80',
    'example.org:99999',
    'a b',
    'fd00::7',
    '[fd00::7',
    'example.org?x',
    '\u001b[31m',
  ])('what is no host is found at the start, and shown: %j', (entry) => {
    const check = () => requireValidHosts(['example.org', entry]);
    expect(check).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', hint: expect.stringContaining('example.org') }),
    );
    expect(check).not.toThrow(/\u001b/);
  });
});

describe('allowedRedirect', () => {
  const from = new URL('https://example.org/folder/a.jpg');

  it.each([
    ['/b.jpg', 'https://example.org/b.jpg'],
    ['b.jpg', 'https://example.org/folder/b.jpg'],
    ['//cdn.test/b.jpg', 'https://cdn.test/b.jpg'],
    ['https://cdn.test/b.jpg#part', 'https://cdn.test/b.jpg#part'],
  ])('follows %s', (location, target) => {
    expect(resolveAllowedRedirect(location, from, POLICY).href).toBe(target);
  });

  it.each([
    'http://example.org/a.jpg',
    'file:///etc/passwd',
    'data:,x',
    'https://a@example.org/',
    'https://example.org:22/',
    'https://[::',
    `/${'a'.repeat(9000)}`,
  ])('refuses %.40s', (location) => {
    expect(() => resolveAllowedRedirect(location, from, POLICY)).toThrow(REFUSED);
  });

  it('obeys the same rule for ports as the first address', () => {
    const target = 'https://cdn.test:9000/b.jpg';
    const named = expect.objectContaining({ message: expect.stringContaining('port 9000') });
    expect(() => resolveAllowedRedirect(target, from, POLICY)).toThrow(named);
    expect(resolveAllowedRedirect(target, from, { ...POLICY, allowPrivate: true }).href).toBe(target);
    const listed = { ...POLICY, allowHosts: ['example.org', 'cdn.test:9000'] };
    expect(resolveAllowedRedirect(target, from, listed).href).toBe(target);
  });

  it('goes from http to https, and checks the host against the list again', () => {
    const policy = { ...POLICY, allowHosts: ['example.org'] };
    const plain = new URL('http://example.org/');
    expect(resolveAllowedRedirect('https://example.org/', plain, policy).protocol).toBe('https:');
    expect(() => resolveAllowedRedirect('https://cdn.test/', plain, policy)).toThrow(REFUSED);
  });
});
