import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';

import { mayConnect } from '../../src/net/address-guard.js';
import { Random } from '../support/random.js';
import { boundsOf, CLOSED_V4, CLOSED_V6, dotted } from './ranges.js';

// One list for each: a BlockList holds ::/3 against IPv4 addresses too, by way of ::ffff:0:0/96.
const closed = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const block of CLOSED_V4) closed.ipv4.addSubnet(...split(block), 'ipv4');
for (const block of CLOSED_V6) closed.ipv6.addSubnet(...split(block), 'ipv6');

describe('mayConnect', () => {
  it('agrees with the lists of IANA on 100 000 IPv4 addresses and on both sides of every border', () => {
    const random = new Random(1);
    const borders = CLOSED_V4.flatMap((block) => boundsOf(block)).flatMap((value) => [value - 1, value, value + 1]);
    const values = [...borders, ...Array.from({ length: 100_000 }, () => below(random, 2 ** 32))];
    const addresses = values.filter((value) => value >= 0 && value < 2 ** 32).map(dotted);
    const wrong = addresses.filter((address) => mayConnect(address, false) === closed.ipv4.check(address, 'ipv4'));
    expect(wrong).toEqual([]);
  });

  it('agrees with the lists of IANA on 100 000 IPv6 addresses, most of them near a special one', () => {
    const random = new Random(2);
    const heads = [
      '0:0',
      'ffff:0',
      '64:ff9b',
      '100:0',
      '2000:0',
      '2001:0',
      '2001:1ff',
      '2001:200',
      '2001:db8',
      '2002:7f00',
      '2606:4700',
      '2620:4f',
      '3ffe:0',
      '3fff:fff',
      '3fff:1000',
      '5f00:0',
      'fc00:1',
      'fd00:ec2',
      'fe80:0',
      'fec0:0',
      'ff02:0',
    ];
    const addresses = Array.from({ length: 100_000 }, (_, i) => {
      const head = heads[i % (heads.length + 3)] ?? `${word(random)}:${word(random)}`;
      return `${head}:${Array.from({ length: 6 }, () => (random.uniform() < -0.4 ? '0' : word(random))).join(':')}`;
    });
    const wrong = addresses.filter((address) => mayConnect(address, false) === closed.ipv6.check(address, 'ipv6'));
    expect(wrong).toEqual([]);
  });

  it.each([
    ['8.8.8.8', true],
    ['1.1.1.1', true],
    ['2606:4700::1111', true],
    ['2a00:1450:4001:80b::200e', true],
    ['2600:1:2:3:0:5efe:808:808', false], // ISATAP
    ['2600:1:2:3:200:5efe:808:808', false],
    ['2600:1:2:3:300:5efe:808:808', false],
    ['2600:1:2:3:5efe:0:808:808', true], // the same numbers elsewhere are an ordinary address
    ['::ffff:8.8.8.8', false],
    ['64:ff9b::808:808', false],
    ['fe80::1%eth0', false],
    ['2606:4700::1111%eth0', false],
  ])('answers for %s: %s', (address, may) => {
    expect(mayConnect(address, false)).toBe(may);
  });

  it.each([
    '',
    'localhost',
    '127.1',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '134744072',
    '[2606:4700::1111]',
    ' 8.8.8.8',
    '8.8.8.8\n',
    '8.8.8.8/8',
    '256.1.1.1',
  ])('refuses an address that is not in its canonical spelling: %j', (address) => {
    expect(mayConnect(address, true)).toBe(false);
  });

  it.each(['127.0.0.1', '::1', '10.0.0.7', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd12:3456::1'])(
    'allows an address of a private network only where those are open: %s',
    (address) => {
      expect(mayConnect(address, false)).toBe(false);
      expect(mayConnect(address, true)).toBe(true);
    },
  );

  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fe80::a9fe:a9fe',
  ])('refuses services of clouds that give out credentials, even where private networks are open: %s', (address) => {
    expect(mayConnect(address, true)).toBe(false);
  });

  it.each([
    '0.0.0.0',
    '::',
    '224.0.0.1',
    '255.255.255.255',
    'ff02::1',
    '240.0.0.1',
    '::ffff:10.0.0.1',
    '::127.0.0.1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
  ])('refuses what is not the address of a host, or embeds another one, as well: %s', (address) => {
    expect(mayConnect(address, true)).toBe(false);
  });
});

function split(block: string): [string, number] {
  const [base = '', bits = ''] = block.split('/');
  return [base, Number(bits)];
}

function word(random: Random): string {
  return below(random, 65_536).toString(16);
}

function below(random: Random, limit: number): number {
  return Math.floor(((random.uniform() + 1) / 2) * limit);
}
