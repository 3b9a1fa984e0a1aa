import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Whether an address leads to this machine itself; also in IPv6's form of IPv4. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback';
}

const EVERY_INTERFACE: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** Whether a server that listens at this address is reached at all of its machine. */
export function isEveryInterface(address: string): boolean {
  return EVERY_INTERFACE.has(address);
}
