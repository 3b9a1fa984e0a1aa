import type { FastifyInstance } from 'fastify';
import type { ServerState } from '../request/server-state.js';
import { cvatRoutes } from './cvat/routes.js';
import { kserveRoutes } from './kserve/routes.js';
import { labelStudioRoutes } from './label-studio/routes.js';

type Protocol = Exclude<ServerState['job']['settings']['compat'][number], 'none'>;

/** Protocols of other programs, by their name in --compat. A new one is a folder and a line here. */
const PROTOCOLS: Readonly<Record<Protocol, (app: FastifyInstance, server: ServerState) => void>> = {
  'label-studio': labelStudioRoutes,
  cvat: cvatRoutes,
  kserve: kserveRoutes,
};

export function compatRoutes(app: FastifyInstance, server: ServerState): void {
  for (const name of server.job.settings.compat) {
    if (name !== 'none') PROTOCOLS[name](app, server);
  }
}
