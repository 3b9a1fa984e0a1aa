import { RequestError } from '../../../http/request-error.js';
import type { ServerState } from '../../request/server-state.js';

/** Name of the model, whichever it is; requests may also use its own reference. */
export const MODEL = 'preannotate';
export const VERSION = '1';

/** The parameters in the address of a model's route. */
export interface ModelRoute {
  Params: { model: string; version?: string };
}

/** @returns The name by which the client knows the model. @throws RequestError NOT_FOUND */
export function requireKnownModel({ model, version = VERSION }: ModelRoute['Params'], { job }: ServerState): string {
  if ((model === MODEL || model === job.settings.model) && version === VERSION) return model;
  throw new RequestError('NOT_FOUND', `There is no such model here; the only one is "${MODEL}", version ${VERSION}.`);
}
