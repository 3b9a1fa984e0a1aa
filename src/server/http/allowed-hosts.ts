import type { HookHandlerDoneFunction, FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from './request-error.js';

/**
 * A hook that refuses requests under other host names than the server's (--allowed-hosts): a web page whose name
 * resolves to this machine could otherwise send requests through its visitors' browsers. Probes use the address.
 */
export function checkHost(hosts: readonly string[]) {
  return (request: FastifyRequest, _reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    const name = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '');
    const isAllowed = hosts.some((host) => (host.startsWith('*.') ? name.endsWith(host.slice(1)) : name === host));
    if (isAllowed || request.routeOptions.config.access === 'probe') done();
    else done(new RequestError('HOST_REFUSED', 'This server does not answer under this name; see --allowed-hosts.'));
  };
}
