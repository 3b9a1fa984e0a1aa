import type { FastifyInstance, FastifyRequest } from 'fastify';
import pLimit, { type LimitFunction } from 'p-limit';
import { z } from 'zod';
import { untilAborted } from '../../../core/stream.js';
import { toNamedError } from '../../../http/problem-details.js';
import { validate } from '../../request/content/validate.js';
import { receiveJson } from '../../request/receive.js';
import type { Backend, ServerState } from '../../request/server-state.js';
import { OPERATIONS } from './operations.js';
import { encodePrompts, readProject, type Project } from './project.js';
import type { ProjectVersions } from './versions.js';

/** Label Studio sends more fields than are used here. */
const SetUpRequest = z.object({ schema: z.nullish(z.string()), project: z.unknown().optional() });

/** Projects whose prompts wait to be encoded, though none of their images has been requested yet. */
const MAX_AHEAD = 16;

/** Label Studio waits three seconds for the answer. What takes longer goes on in the background. */
const ENCODING_MS = 2000;

const POINTER = '/schema';

/** The route that checks the labelling config of a project and returns the version of its predictions. */
export function registerSetUp(app: FastifyInstance, server: ServerState, versions: ProjectVersions): void {
  const encodeAhead = pLimit(1);
  app.post('/label-studio/setup', { config: { operation: OPERATIONS.setUp } }, async (request) => {
    const { schema, project: id } = validate(SetUpRequest, await receiveJson(request, server));
    const project = await readProject(schema ?? '', server, POINTER);
    const { backend } = server;
    if (backend !== undefined) await encodeOrLog(project, { backend, encodeAhead, request });
    versions.set(id, project.version);
    return { model_version: project.version };
  });
}

/** @throws RequestError REQUEST_INVALID when it is known soon that the model cannot encode the prompts */
async function encodeOrLog(
  project: Project,
  context: { backend: Backend; encodeAhead: LimitFunction; request: FastifyRequest },
): Promise<void> {
  const { backend, encodeAhead, request } = context;
  if (encodeAhead.pendingCount >= MAX_AHEAD) return;
  const encoded = encodeAhead(() => encodePrompts(project, backend, { pointer: POINTER }));
  const failed = encoded.then(
    () => undefined,
    (error: unknown) => {
      const { code } = toNamedError(error);
      const cause = code === 'INTERNAL' ? { err: error } : {};
      request.log.warn({ code, ...cause }, "a project's prompts were not encoded");
      return code === 'REQUEST_INVALID' ? error : undefined;
    },
  );
  const error = await untilAborted(failed, AbortSignal.timeout(ENCODING_MS)).catch(() => undefined); // it goes on
  if (error !== undefined) throw error as Error;
}
