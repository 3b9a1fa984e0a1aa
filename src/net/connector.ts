import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { findAddressRefusal } from './address-guard.js';
import { resolveAllowed, type Address } from './resolve-host.js';
import type { UrlPolicy } from './url-policy.js';

/** Long enough for the handshake with a distant host, short enough to try the host's next address. */
const ATTEMPT_MS = 750;

/** Looks each host up when it connects, and connects only to addresses that the policy allows. */
export function createResolvingConnector(
  policy: Pick<UrlPolicy, 'allowPrivate' | 'dnsServers'>,
  timeoutMs: number,
): buildConnector.connector {
  const limits = { allowPrivate: policy.allowPrivate, timeoutMs };
  return (options, callback) => {
    resolveAllowed(options.hostname, policy, AbortSignal.timeout(timeoutMs)).then(
      (addresses) => createConnector(addresses, limits)(options, callback),
      (error: unknown) => callback(error as Error, null),
    );
  };
}

/** Connects to the given addresses only, and checks the address once more when connected. */
export function createConnector(addresses: Address[], limits: { allowPrivate: boolean; timeoutMs: number }) {
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all) callback(null, addresses);
    else callback(null, addresses[0]!.address, addresses[0]!.family);
  };
  const connect = buildConnector({
    lookup, // not called for an address in the URL itself, which is the one that was checked
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ATTEMPT_MS,
    timeout: limits.timeoutMs,
    maxCachedSessions: 0,
  });
  const guarded: buildConnector.connector = (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(error, null);
        return;
      }
      const refusal = findAddressRefusal([socket.remoteAddress ?? ''], limits.allowPrivate);
      if (refusal === undefined) {
        callback(null, socket);
      } else {
        socket.destroy();
        callback(refusal, null);
      }
    });
  };
  return guarded;
}
