import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { systemCodeOf } from '../core/errors.js';
import { untilAborted } from '../core/stream.js';
import { findAddressRefusal } from './address-guard.js';
import { fetchFailedError, urlRefusedError } from './url-errors.js';
import type { UrlPolicy } from './url-policy.js';

/** One address of a host. */
export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

type LookupPolicy = Pick<UrlPolicy, 'allowPrivate' | 'dnsServers'>;

/** Addresses that are tried of each family. A name can have thousands, and untrusted clients choose the names. */
const ADDRESSES_PER_FAMILY = 2;

const LOOKUP_TRY_MS = 1000;
const LOOKUP_TRIES = 2;

/**
 * The addresses to connect to for a host, looked up once: the connection uses these and no name server is asked again.
 *
 * @param host - As in `URL.hostname`: a name, dotted decimal, or IPv6 in brackets.
 * @throws PreannotateError URL_REFUSED when any address of the host may not be connected to, or it has none;
 *   URL_FETCH_FAILED when no name server answers; the signal's reason
 */
export async function resolveAllowed(host: string, policy: LookupPolicy, signal: AbortSignal): Promise<Address[]> {
  const literal = host.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(literal) === 0 ? await lookUp(host, policy, signal) : [addressOf(literal)];
  if (addresses.length === 0) throw urlRefusedError('unknown host');
  const refusal = findAddressRefusal(
    addresses.map(({ address }) => address),
    policy.allowPrivate,
  );
  if (refusal !== undefined) throw refusal;
  return [4, 6].flatMap((family) => addresses.filter((each) => each.family === family).slice(0, ADDRESSES_PER_FAMILY));
}

/**
 * getaddrinfo reads the hosts file and the search domains, which names of private networks need. But it occupies one of
 * libuv's four threads for as long as a name server is silent, and four such lookups block all file and name access of
 * the process. c-ares, for public names, waits on sockets and can be cancelled.
 */
async function lookUp(host: string, policy: LookupPolicy, signal: AbortSignal): Promise<Address[]> {
  if (!policy.allowPrivate || policy.dnsServers !== undefined) return askNameServers(host, policy.dnsServers, signal);
  const all = await untilAborted(lookup(host, { all: true }).catch(emptyIfUnknown), signal);
  return all.map(({ address }) => addressOf(address));
}

async function askNameServers(
  host: string,
  servers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Address[]> {
  const resolver = new Resolver({ timeout: LOOKUP_TRY_MS, tries: LOOKUP_TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([
      resolver.resolve4(host).catch(emptyIfUnknown),
      resolver.resolve6(host).catch(emptyIfUnknown),
    ]);
    signal.throwIfAborted();
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value.map(addressOf) : []));
    const silent = answers.find((answer) => answer.status === 'rejected');
    if (addresses.length === 0 && silent !== undefined) throw silent.reason as Error;
    return addresses;
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

const UNKNOWN_HOST: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

function emptyIfUnknown(error: unknown): [] {
  if (UNKNOWN_HOST.has(systemCodeOf(error) ?? '')) return [];
  throw fetchFailedError('its host name could not be looked up', error);
}

function addressOf(address: string): Address {
  return { address, family: isIP(address) === 6 ? 6 : 4 };
}
