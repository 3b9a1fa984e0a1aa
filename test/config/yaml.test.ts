import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseYaml, readYaml } from '../../src/config/yaml.js';
import { PreannotateError } from '../../src/core/errors.js';
import { temporaryFolder } from '../support/temporary.js';

const OPTIONS = { name: 'a.yaml', code: 'CONFIG_INVALID' } as const;

const parse = (text: string) => parseYaml(text, OPTIONS);

async function readBytes(bytes: Uint8Array | string) {
  const path = join(await temporaryFolder(), 'a.yaml');
  await writeFile(path, bytes);
  return readYaml(path, OPTIONS);
}

describe('values', () => {
  it('follow YAML 1.2: "no" is text and 1e3 is a number', () => {
    expect(parse('a: no\nb: 1e3\nc: on\nd: ~\n').value).toEqual({ a: 'no', b: 1000, c: 'on', d: null });
  });

  it('an empty file is nothing', () => {
    expect(parse('').value).toBeNull();
    expect(parse('# only a comment\n').value).toBeNull();
  });

  it('a key named __proto__ is an ordinary key and pollutes nothing', () => {
    const value = parse('__proto__: { polluted: true }').value as object;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('a byte order mark changes neither values nor columns', async () => {
    const file = await readBytes('\uFEFFkey: value\n');
    expect(file.value).toEqual({ key: 'value' });
    expect(file.where(['key'])).toBe('a.yaml:1:6');
  });
});

describe('places', () => {
  const file = parse('first: 1\nlist:\n  - one\n  - { deep: 2 }\nempty:\nanchor: &a [x, y]\nalias: *a\n');

  it.each([
    [['first'], 'value', 'a.yaml:1:8'],
    [['first'], 'key', 'a.yaml:1:1'],
    [['list', 0], 'value', 'a.yaml:3:5'],
    [['list', 1, 'deep'], 'value', 'a.yaml:4:13'],
    [['list', 1, 'deep'], 'key', 'a.yaml:4:7'],
    [['alias', 1], 'value', 'a.yaml:6:16'],
  ] as const)('%j, its %s, is at %s', (path, part, place) => {
    expect(file.where(path, part)).toBe(place);
  });

  it('what was not written is where its nearest ancestor is, and an empty value where its key is', () => {
    expect(file.where(['list', 1, 'other'])).toBe('a.yaml:4:5');
    expect(file.where(['list', 7])).toBe('a.yaml:3:3');
    expect(file.where(['empty'])).toBe('a.yaml:5:1');
  });

  it('lines end the Windows way, too', () => {
    expect(parse('a: 1\r\nb: 2\r\n').where(['b'])).toBe('a.yaml:2:4');
  });
});

describe('refusals', () => {
  it.each([
    ['a syntax error', 'a: [1,\nb: 2', /^a\.yaml:\d:\d+: /],
    ['a key that comes twice', 'a: 1\nb: 2\na: 3', 'a.yaml:3:1: the key "a" comes twice; first at a.yaml:1:1.'],
    ['a key that comes twice further in', 'x: { a: 1, a: 2 }', /^a\.yaml:1:12: the key "a" comes twice/],
    ['a key that is a number', 'a: 1\n7: b', 'a.yaml:2:1: the key 7 is not text; write it in quotes.'],
    ['a key that is empty', ': b', /an empty key is not text/],
    ['a key that is a list', '? [a]\n: b', /a key that is a list, a mapping or an alias is not text/],
    ['two documents', 'a: 1\n---\nb: 2', /^a\.yaml:2:1: .*multiple documents/i],
    ['an unknown tag', 'a: !secret x', /^a\.yaml:1:4: Unresolved tag/],
    ['an alias of nothing', 'a: *nowhere', /Unresolved alias/],
    ['flow collections 101 deep', '['.repeat(101) + ']'.repeat(101), 'a.yaml is nested more than 100 levels deep.'],
    ['block sequences 101 deep', '- '.repeat(101) + 'x', 'a.yaml is nested more than 100 levels deep.'],
    [
      'mappings 101 deep',
      Array.from({ length: 101 }, (_, i) => `${' '.repeat(i)}k:`).join('\n') + ' x',
      /nested more than 100/,
    ],
  ])('%s is refused', (_, text, message) => {
    expect(() => parse(text)).toThrow(PreannotateError);
    expect(() => parse(text)).toThrow(message);
  });

  it('100 levels are fine', () => {
    expect(() => parse('['.repeat(100) + ']'.repeat(100))).not.toThrow();
  });

  it('nesting of half a million levels is an error, and not the end of the process', () => {
    expect(() => parse('a: [}')).toThrow(PreannotateError); // what it took, besides depth, to end it
    expect(() => parse('['.repeat(500_000))).toThrow(/nested more than 100/);
    expect(() => parse('{a: '.repeat(200_000))).toThrow(/nested more than 100/);
    expect(() => parse('? '.repeat(200_000))).toThrow(/nested more than 100/);
  });

  it('an alias bomb is refused', () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`);
    expect(() => parse(['l0: &l0 lol', ...levels].join('\n'))).toThrow(/a\.yaml: .*alias/i);
  });

  it('60,000 keys are checked for repeats in less than 5 s of computing', () => {
    const lines = Array.from({ length: 60_000 }, (_, i) => `key${i}: 1`);
    const started = process.cpuUsage();
    expect(() => parse([...lines, 'key7: 2'].join('\n'))).toThrow(/"key7" comes twice/);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(5);
  });

  it('a file over 1 MiB, and one without end, are refused', async () => {
    await expect(readBytes(`a: ${'x'.repeat(1024 * 1024)}`)).rejects.toThrow('a.yaml is larger than 1 MiB.');
    await expect(readYaml('/dev/zero', OPTIONS)).rejects.toThrow('a.yaml is larger than 1 MiB.');
  });

  it('a file that is not UTF-8 is refused', async () => {
    await expect(readBytes(Buffer.from('a: caf\xe9', 'latin1'))).rejects.toThrow('a.yaml is not UTF-8 text.');
  });

  it('a file that is not there, or is a folder, is refused by name', async () => {
    const folder = await temporaryFolder();
    await expect(readYaml(join(folder, 'none.yaml'), OPTIONS)).rejects.toThrow('a.yaml: there is no such file.');
    await expect(readYaml(folder, OPTIONS)).rejects.toThrow(/^a\.yaml: /);
  });
});
