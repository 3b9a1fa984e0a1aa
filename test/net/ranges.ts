/**
 * IPv4 blocks that are not globally reachable or must not be connected to: IANA's special-purpose registry, multicast,
 * and the service address of Azure. Written independently of the guard, which it checks.
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry
 */
export const CLOSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/** The same of IPv6: what lies outside 2000::/3, and in it what is special. */
export const CLOSED_V6 = [
  '::/3',
  '4000::/2',
  '8000::/1',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
] as const;

/** First and last address of an IPv4 block, as numbers. */
export function boundsOf(block: string): readonly [number, number] {
  const [base = '', bits = ''] = block.split('/');
  const first = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [first, first + 2 ** (32 - Number(bits)) - 1];
}

/** An IPv4 address of a number, as dotted decimal. */
export function dotted(value: number): string {
  return octetsOf(value).join('.');
}

/** The ways to write an IPv4 address as the host of a URL, for a browser or to deceive a filter. */
export function spellingsOf(value: number): string[] {
  const [a, b, c, d] = octetsOf(value);
  const hex = (number: number) => number.toString(16);
  const high = hex(a * 256 + b);
  const low = hex(c * 256 + d);
  return [
    `${a}.${b}.${c}.${d}`,
    `${a}.${b}.${c}.${d}.`,
    String(value),
    `0x${hex(value)}`,
    `0X${hex(value).toUpperCase()}`,
    `0${value.toString(8)}`,
    `${a}.${b}.${c * 256 + d}`,
    `${a}.${value % 2 ** 24}`,
    `0x${hex(a)}.0x${hex(b)}.0x${hex(c)}.0x${hex(d)}`,
    `0${a.toString(8)}.0${b.toString(8)}.0${c.toString(8)}.0${d.toString(8)}`,
    `000${a.toString(8)}.${b}.0x${hex(c)}.${d}`,
    `${a}.${b}.${c}.${d}`.replaceAll(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))), // full width
    `${a}.${b}.${c}.${d}`.replaceAll('.', '\u3002'), // ideographic full stop
    `${a}.${b}.${c}.${d}`.replaceAll(/\d/g, (digit) => `%3${digit}`),
    `[::ffff:${a}.${b}.${c}.${d}]`,
    `[::ffff:${high}:${low}]`,
    `[0:0:0:0:0:FFFF:${high}:${low}]`,
    `[::ffff:0:${high}:${low}]`, // IPv4-translated
    `[::${a}.${b}.${c}.${d}]`, // IPv4-compatible
    `[2002:${high}:${low}::]`, // 6to4
    `[2002:${high}:${low}::1]`,
    `[64:ff9b::${high}:${low}]`, // NAT64
    `[64:ff9b:1::${high}:${low}]`,
    `[2001:0:${high}:${low}::]`, // Teredo
    `[2001:0:4136:e378:8000:63bf:${hex(0xffff - (a * 256 + b))}:${hex(0xffff - (c * 256 + d))}]`,
    `[fe80::5efe:${high}:${low}]`, // ISATAP
    `[2600:1:2:3:0:5efe:${high}:${low}]`,
    `[2600:1:2:3:200:5efe:${high}:${low}]`,
  ];
}

function octetsOf(value: number): [number, number, number, number] {
  return [Math.floor(value / 2 ** 24), Math.floor(value / 2 ** 16) % 256, Math.floor(value / 256) % 256, value % 256];
}
