import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { urlRefusedError, type UrlRefusedError } from './url-errors.js';

/** Ranges that `--allow-private` permits. Link-local is not one of them: clouds serve credentials there, not images. */
const OWN_NETWORKS: ReadonlySet<string> = new Set(['loopback', 'private', 'carrierGradeNat', 'uniqueLocal']);

/** Metadata services of clouds outside link-local: Azure, Alibaba, AWS, Google, Scaleway. */
const CLOUD_SERVICES: ReadonlySet<string> = new Set([
  '168.63.129.16',
  '100.100.100.200',
  'fd00:ec2::254',
  'fd20:ce::254',
  'fd00:42::42',
]);

/**
 * Whether the server may connect to an IP address.
 *
 * @param address - As `URL`, DNS or a socket give it: dotted decimal, or IPv6 without brackets. Anything else is
 *   refused.
 * @param allowPrivate - Permits loopback and private networks. Multicast, link-local, reserved and cloud service
 *   addresses and those that embed another address (NAT64, 6to4, Teredo, ISATAP, IPv4-mapped) stay refused.
 */
export function mayConnect(address: string, allowPrivate: boolean): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false; // % names an interface of a link-local address
  const ip = ipaddr.parse(address);
  if (CLOUD_SERVICES.has(ip.toString())) return false;
  return isPublic(ip) || (allowPrivate && OWN_NETWORKS.has(ip.range()));
}

/** @returns Why a host with these addresses may not be connected to; undefined where it may. */
export function findAddressRefusal(addresses: readonly string[], allowPrivate: boolean): UrlRefusedError | undefined {
  const mayAll = (isPrivateAllowed: boolean) => addresses.every((address) => mayConnect(address, isPrivateAllowed));
  if (mayAll(allowPrivate)) return undefined;
  return urlRefusedError(mayAll(true) ? 'private address' : 'address');
}

/** Public by IANA's special-purpose registries. A network's own NAT64 prefix cannot be told from a public one. */
function isPublic(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() !== 'unicast') return false;
  return ip instanceof ipaddr.IPv4 || (isGlobalUnicast(ip) && !isIsatap(ip));
}

/** In 2000::/3, all of IPv6 that IANA has allocated. ipaddr.js calls the rest unicast as well, ::127.0.0.1 included. */
function isGlobalUnicast({ parts }: ipaddr.IPv6): boolean {
  return (parts[0]! & 0xe000) === 0x2000;
}

/** The interface id 0:5efe:a.b.c.d of RFC 5214, with or without its two flag bits: a tunnel to that IPv4 address. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4]! & 0xfcff) === 0 && parts[5] === 0x5efe;
}
