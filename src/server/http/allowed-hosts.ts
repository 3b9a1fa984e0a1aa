import type { HookHandlerDoneFunction, FastifyReply, FastifyRequest } from 'fastify';
import { PROBE_ROUTES } from './auth.js';
import { RequestError } from './request-error.js';

/**
 * A hook that refuses requests for other names than the server's: a web page whose name leads to this machine could
 * otherwise have its visitors' browsers ask in its stead. Probes ask by address.
 */
export function checkHost({ hosts, healthPath }: { hosts: readonly string[]; healthPath: string }) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const { url = '' } = request.routeOptions;
    const name = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
    const isAllowed = hosts.some((host) => (host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host));
    if (isAllowed || url === healthPath || PROBE_ROUTES.has(url)) done();
    else done(new RequestError('HOST_REFUSED', 'This server does not answer under this name; see --allowed-hosts.'));
  };
}
