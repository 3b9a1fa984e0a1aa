import type { FastifyInstance } from 'fastify';
import type { ServerState } from '../request/server-state.js';
import { registerCvat } from './cvat/routes.js';
import { registerKserve } from './kserve/routes.js';
import { registerLabelStudio } from './label-studio/routes.js';

type Protocol = Exclude<ServerState['job']['settings']['compat'][number], 'none'>;

/** Protocols of other programs, by their name in --compat. A new one is a folder and a line here. */
const PROTOCOLS: Readonly<Record<Protocol, (app: FastifyInstance, server: ServerState) => void>> = {
  'label-studio': registerLabelStudio,
  cvat: registerCvat,
  kserve: registerKserve,
};

export function registerProtocols(app: FastifyInstance, server: ServerState): void {
  for (const name of server.job.settings.compat) {
    if (name !== 'none') PROTOCOLS[name](app, server);
  }
}
