import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import type { HookHandlerDoneFunction, FastifyReply, FastifyRequest } from 'fastify';
import { isEveryInterface, isLoopback } from './loopback.js';
import { RequestError } from './request-error.js';

/** Which host names a server answers to. */
interface HostSettings {
  readonly host: string; // that it listens at
  readonly unix?: string;
  readonly allowedHosts?: readonly string[];
}

/** A name or address in lower case, perhaps with a dot at its end or a port. Browsers spell addresses canonically. */
const HOST = /^([\w-]+(?:\.[\w-]+)*|\[[\da-f:.]+\])\.?(?::\d{1,5})?$/;

/** An address with a host, as requests to proxies have. */
const ABSOLUTE = /^https?:\/\/([^/?#]*)/;

/** Names by which containers reach their host; public name servers know neither. */
const CONTAINER_HOSTS: ReadonlySet<string> = new Set(['host.docker.internal', 'host.containers.internal']);

/**
 * A hook that refuses requests under other host names than the server's. The name of a web page may resolve to this
 * machine (DNS rebinding): its visitors' browsers would let the page read the answers. Probes use the address.
 */
export function checkHost(settings: HostSettings) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const malformed = findContradiction(request.raw);
    const isAllowed = request.routeOptions.config.access === 'probe' || isAllowedHost(request.raw, settings);
    done(malformed ?? (isAllowed ? undefined : hostRefusedError(settings)));
  };
}

/** Two answers to the question which host is meant. */
function findContradiction({ url = '', rawHeaders, headers }: IncomingMessage): RequestError | undefined {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length > 1) return new RequestError('REQUEST_MALFORMED', 'The request has more than one Host header.');
  if (url.startsWith('/') || url === '*') return undefined;
  const [, named] = ABSOLUTE.exec(url.toLowerCase()) ?? [];
  if (named !== undefined && named === headers.host?.toLowerCase()) return undefined;
  return new RequestError('HOST_REFUSED', 'The address of the request names another host than its Host header.');
}

function isAllowedHost({ headers: { host }, socket }: IncomingMessage, settings: HostSettings): boolean {
  const { allowedHosts, unix } = settings;
  const [, name] = HOST.exec((host ?? '').toLowerCase()) ?? [];
  if (allowedHosts !== undefined) {
    return allowedHosts.includes('*') || (name !== undefined && allowedHosts.some((allowed) => matches(name, allowed)));
  }
  // Over a network no name is known to be wrong, and a browser cannot open a Unix socket.
  if (unix !== undefined || !isLoopback(socket.localAddress ?? '')) return true;
  if (host === undefined) return true; // HTTP/1.0, which no browser sends
  return name !== undefined && isOwnName(name, settings.host);
}

function matches(name: string, allowed: string): boolean {
  return allowed.startsWith('*.') ? name.endsWith(allowed.slice(1)) : name === allowed;
}

/** Whether a name stands for this machine when it is asked over the loopback interface. */
function isOwnName(name: string, boundHost: string): boolean {
  if (name === 'localhost' || name.endsWith('.localhost') || CONTAINER_HOSTS.has(name)) return true;
  const address = name.replace(/^\[(.*)\]$/, '$1');
  if (isLoopback(address) || address === boundHost.toLowerCase()) return true;
  return isEveryInterface(boundHost) && listOwnNames().includes(address);
}

function listOwnNames(): string[] {
  const own = hostname().toLowerCase();
  const addresses = Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);
  return [own, `${own}.local`, ...addresses];
}

function hostRefusedError({ allowedHosts }: HostSettings): RequestError {
  const what =
    allowedHosts === undefined
      ? 'This server answers to local names only, such as localhost'
      : 'This server does not answer under this name';
  const advice = 'its operator can allow others, such as the name of a proxy, with --allowed-hosts';
  return new RequestError('HOST_REFUSED', `${what}; ${advice}.`);
}
