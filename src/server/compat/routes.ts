import type { FastifyInstance } from 'fastify';
import type { ErrorBody } from '../../http/route-config.js';
import type { ServerState } from '../request/server-state.js';
import { registerCvat } from './cvat/routes.js';
import { errorBody as kserveErrorBody } from './kserve/error-body.js';
import { registerKserve } from './kserve/routes.js';
import { registerLabelStudio } from './label-studio/routes.js';

type Name = Exclude<ServerState['job']['settings']['compat'][number], 'none'>;

/** A protocol of another program. */
interface Protocol {
  readonly register: (app: FastifyInstance, server: ServerState) => void;
  /** The form of every error at this path and below it, addresses without a route included. */
  readonly errors?: { readonly below: string; readonly body: ErrorBody };
}

/** By their name in --compat. A new one is a folder and a line here. */
const PROTOCOLS: Readonly<Record<Name, Protocol>> = {
  'label-studio': { register: registerLabelStudio },
  cvat: { register: registerCvat },
  kserve: { register: registerKserve, errors: { below: '/v2', body: kserveErrorBody } },
};

export function registerProtocols(app: FastifyInstance, server: ServerState): void {
  for (const { register } of protocolsOf(server)) register(app, server);
}

/** The form of errors at an address that belongs to a protocol with a form of its own; undefined for any other. */
export function errorBodyAt(url: string, server: ServerState): ErrorBody | undefined {
  const path = url.split('?')[0]!;
  const isBelow = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  return protocolsOf(server).find(({ errors }) => errors !== undefined && isBelow(errors.below))?.errors?.body;
}

function protocolsOf({ job }: ServerState): Protocol[] {
  return job.settings.compat.flatMap((name) => (name === 'none' ? [] : [PROTOCOLS[name]]));
}
