import { resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAddress, publicAddress, type RemoteAddress } from '../../../src/images/remote/address.js';
import { FoundImages } from '../../../src/images/remote/found-images.js';
import { nameOf, nameOfPrefix } from '../../../src/images/remote/remote-name.js';
import { Random } from '../../support/random.js';

function addressOf(text: string): RemoteAddress {
  const address = parseAddress(text);
  if (address.kind === 'invalid') throw new Error(address.problem);
  return address;
}

const named = (text: string) => nameOf(addressOf(text));

describe('the name of a remote image', () => {
  it.each([
    ['https://example.org/a/b.jpg', 'example.org/a/b.jpg'],
    ['https://EXAMPLE.org:443/a/../b.jpg#part', 'example.org/b.jpg'],
    ['http://example.org:8080/a%20b/%E7%8C%AB.jpg', 'example.org:8080/a b/猫.jpg'],
    ['https://example.org/a%2Fb%5Cc%00%0a.jpg', 'example.org/a%2Fb%5Cc%00%0A.jpg'],
    ['https://example.org/%2e%2e/%2E%2e/etc/passwd', 'example.org/etc/passwd'],
    ['https://example.org/a//b/', 'example.org/a/%/b/%'],
    ['https://example.org/100%25.jpg', 'example.org/100%25.jpg'],
    ['https://example.org/%ff.jpg', 'example.org/%25ff.jpg'],
    ['https://example.org/\u202egpj.exe', 'example.org/%E2%80%AEgpj.exe'],
    ['https://example.org', 'example.org/%'],
    ['http://[::1]:80/a.jpg', '[::1]/a.jpg'],
    ['s3://bucket/a b/c+%20.jpg', 'bucket/a b/c+%2520.jpg'],
    ['s3://bucket/../../x/./y.jpg', 'bucket/%2E%2E/%2E%2E/x/%2E/y.jpg'],
    ['s3://bucket//a?b#c.jpg', 'bucket/%/a?b#c.jpg'],
  ])('of %s is %s', (text, name) => expect(named(text)).toBe(name));

  it('has a hash of the query before the ending, whatever signs the link', () => {
    const [one, two] = ['id=1', 'id=2'].map((query) => named(`https://example.org/a.jpg?${query}`));
    expect(one).toMatch(/^example\.org\/a~[0-9a-f]{12}\.jpg$/);
    expect(two).not.toBe(one);
    const signed = 'X-Amz-Date=20240101&X-Amz-Signature=abc&x-goog-expires=3';
    expect(named(`https://example.org/a.jpg?${signed}`)).toBe('example.org/a.jpg');
    expect(named(`https://example.org/a.jpg?id=1&${signed}`)).toBe(one);
    expect(named('https://example.org/image?id=1')).toMatch(/^example\.org\/image~[0-9a-f]{12}$/);
  });

  it('is shortened where a file system could not hold it', () => {
    const long = '猫'.repeat(300);
    const parts = named(`s3://bucket/${long}/x`.slice(0, 320)).split('/');
    expect(parts.every((part) => Buffer.byteLength(part) <= 200)).toBe(true);
    const [a, b] = ['a', 'b'].map((end) => named(`https://example.org/${'x'.repeat(400)}${end}.jpeg?q`));
    expect(a).toMatch(/^example\.org\/x+~[0-9a-f]{12}~[0-9a-f]{12}\.jpeg$/);
    expect(a).not.toBe(b);
    const deep = named(`https://example.org/${'folder/'.repeat(800)}a.jpg`);
    expect(deep).toMatch(/^example\.org\/~[0-9a-f]{12}\/a\.jpg$/);
  });

  it('is a path below its folder, and another one for another object, whatever the key', () => {
    const random = new Random(7);
    const pieces = [
      '.',
      '..',
      '/',
      '\\',
      '%',
      '%2e',
      '\0',
      '\n',
      'a',
      'é',
      '\ud800',
      '?',
      '#',
      ' ',
      '~',
      ':',
      '\u2028',
      '//',
    ];
    const names = new Map<string, string>();
    const root = resolve('/data/out/labels');
    for (let i = 0; i < 20_000; i++) {
      const key = Array.from({ length: 1 + random.below(8) }, () => pieces[random.below(pieces.length)]).join('');
      const name = nameOf({ kind: 's3', bucket: 'bucket', key });
      expect(resolve(root, name)).toBe(root + sep + name);
      expect(names.get(name) ?? key).toBe(key);
      names.set(name, key);
      const folder = key.slice(0, key.lastIndexOf('/') + 1);
      expect(name.startsWith(nameOfPrefix('bucket', folder))).toBe(true);
    }
  });
});

describe('addresses', () => {
  it.each([
    'https://',
    'http://[',
    's3://',
    's3://a/b',
    's3:///key',
    'ftp://example.org/a.jpg',
    'photos/a.jpg',
    'https://exa mple.org/',
  ])('like %s are refused, without being quoted', (text) => {
    const address = parseAddress(text);
    expect(address.kind).toBe('invalid');
    expect(JSON.stringify(address)).not.toContain('mple');
  });

  it('are stored only without query and user info', () => {
    expect(publicAddress(addressOf('https://example.org/a.jpg#x'))).toBe('https://example.org/a.jpg');
    expect(publicAddress(addressOf('s3://bucket/a?b.jpg'))).toBe('s3://bucket/a?b.jpg');
    expect(publicAddress(addressOf('https://example.org/a.jpg?token=1'))).toBeUndefined();
    expect(publicAddress(addressOf('https://me:pass@example.org/a.jpg'))).toBeUndefined();
  });

  it('that are the same count once, and different ones with one name are refused', () => {
    const found = new FoundImages();
    const add = (url: string, where: string) => found.add({ address: addressOf(url), url, where });
    add('https://example.org/a.jpg', 'urls.txt:1');
    add('https://EXAMPLE.org/a.jpg#x', 'urls.txt:2');
    add('https://example.org/a.jpg?X-Amz-Signature=1', 'urls.txt:3');
    expect(found.repeated).toBe(2);
    expect(() => add('http://example.org/a.jpg', 'urls.txt:4')).toThrow(
      'urls.txt:4 and urls.txt:1 are different addresses with one name in annotation files, example.org/a.jpg.',
    );
  });

  it('that are an image and a folder of others fail alone', () => {
    const found = new FoundImages();
    for (const key of ['a', 'a/b.jpg', 'c/d.jpg'])
      found.add({ address: { kind: 's3', bucket: 'bkt', key }, url: `s3://bkt/${key}`, where: key });
    const { images, failures } = found.select(new Set(found.names));
    expect(images.map(({ name }) => name)).toEqual(['bkt/a/b.jpg', 'bkt/c/d.jpg']);
    expect(failures.map(({ name }) => name)).toEqual(['bkt/a']);
  });
});
