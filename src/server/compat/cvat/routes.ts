import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as value from '../../../config/options/values.js';
import { readBase64Field } from '../../request/incoming-image.js';
import { parseJson } from '../../request/json.js';
import { annotateOne } from '../../request/annotate-request.js';
import type { Prediction } from '../../request/predict.js';
import { validate } from '../../request/content/validate.js';
import { jsonReaders, type Received } from '../../request/readers.js';
import { RequestError } from '../../../http/request-error.js';
import type { ServerState } from '../../request/server-state.js';
import { OPERATIONS } from './operations.js';

/** Name of the one function. CVAT stores it, so it does not change with the model. */
const FUNCTION = 'preannotate';

/** The fields that are used of a call; CVAT sends more to functions of other types. */
const FunctionCall = z.object({ image: z.string().min(1), threshold: value.fraction().nullish() });

/**
 * The part of Nuclio's dashboard that CVAT uses, with one function, and the function itself, which CVAT can also be
 * configured to call directly.
 */
export function registerCvat(app: FastifyInstance, server: ServerState): void {
  app.get('/api/functions', { config: { operation: OPERATIONS.functions } }, (request) => {
    return { [FUNCTION]: describeFunction(request, server) };
  });

  const one = { config: { operation: OPERATIONS.function } };
  app.get<{ Params: { name: string } }>('/api/functions/:name', one, (request) => {
    requireKnownFunction(request.params.name);
    return describeFunction(request, server);
  });

  app.post('/api/function_invocations', { config: { operation: OPERATIONS.invoke } }, (request) => {
    requireKnownFunction(request.headers['x-nuclio-function-name']);
    return annotate(request, server);
  });

  app.post('/', { config: { operation: OPERATIONS.invokeDirectly } }, (request) => annotate(request, server));
}

/** @throws RequestError NOT_FOUND */
function requireKnownFunction(name: unknown): void {
  if (name === FUNCTION) return;
  throw new RequestError('NOT_FOUND', `There is no such function here; the only one is "${FUNCTION}".`);
}

/** The function as Nuclio describes one. */
function describeFunction({ socket }: FastifyRequest, { job, phase, isWorking }: ServerState) {
  const { classes } = job.ontology;
  return {
    metadata: {
      name: FUNCTION,
      annotations: {
        name: `${FUNCTION} (${job.settings.model})`,
        type: 'detector',
        framework: 'onnx',
        spec: JSON.stringify(classes.map(({ id, name }) => ({ id, name, type: 'rectangle' }))),
      },
    },
    spec: { description: `Finds ${classes.length} classes by text prompts, with ${job.settings.model}` },
    status: {
      state: phase === 'starting' ? 'building' : isWorking ? 'ready' : 'unhealthy',
      httpPort: socket.localPort,
    },
  };
}

async function annotate(request: FastifyRequest, server: ServerState) {
  const { scoreFloor } = server.job.worker;
  const readers = jsonReaders((body: Buffer) => readCall(body, scoreFloor));
  return toShapes(await annotateOne(request, { server, readers }));
}

/** CVAT's slider goes down to 0, below the score floor; such a threshold returns every box. */
function readCall(body: Buffer, scoreFloor: number): Received {
  const { image, threshold } = validate(FunctionCall, parseJson(body));
  return {
    images: [{ name: 'image', ...readBase64Field(image, '/image') }],
    options: typeof threshold === 'number' ? { score_threshold: Math.max(threshold, scoreFloor) } : {},
  };
}

/** Boxes as CVAT draws them: corners in pixels of the upright image. CVAT has no field for prompts. */
function toShapes({ boxes, scores, labels }: Prediction) {
  return boxes.map((points, i) => ({ confidence: String(scores[i]), label: labels[i], points, type: 'rectangle' }));
}
