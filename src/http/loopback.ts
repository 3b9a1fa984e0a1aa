import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Whether an address leads to this machine itself; also in IPv6's form of IPv4. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback';
}
