import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import * as value from '../../../config/options/values.js';
import { readBase64Field } from '../../request/incoming-image.js';
import { parseJson } from '../../request/json.js';
import { predict, type Prediction } from '../../request/predict.js';
import { validate, type Received } from '../../request/readers.js';
import { admit, receive } from '../../request/receive.js';
import { RequestError } from '../../http/request-error.js';
import type { Server } from '../../server.js';

/** What the one function is called. CVAT remembers it, so it does not change with the model. */
const FUNCTION = 'preannotate';

/** What is used of a call; CVAT sends more to functions of other kinds. */
const FunctionCall = z.object({ image: z.string().min(1), threshold: value.fraction().nullish() });

/**
 * What CVAT asks of Nuclio's dashboard, which has one function here, and the function itself, which CVAT calls without the
 * dashboard where it is set to do so.
 */
export function cvatRoutes(app: FastifyInstance, server: Server): void {
  if (!server.job.settings.compat.includes('cvat')) return;

  app.get('/api/functions', (request) => ({ [FUNCTION]: describeFunction(request, server) }));

  app.get<{ Params: { name: string } }>('/api/functions/:name', (request) => {
    requireKnownFunction(request.params.name);
    return describeFunction(request, server);
  });

  app.post('/api/function_invocations', (request, reply) => {
    requireKnownFunction(request.headers['x-nuclio-function-name']);
    return annotate(request, reply, server);
  });

  app.post('/', (request, reply) => annotate(request, reply, server));
}

/** @throws RequestError NOT_FOUND */
function requireKnownFunction(name: unknown): void {
  if (name === FUNCTION) return;
  throw new RequestError('NOT_FOUND', `There is no such function here; the only one is "${FUNCTION}".`);
}

/** The function as Nuclio describes one. */
function describeFunction({ socket }: FastifyRequest, { job, phase, isWorking }: Server) {
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

async function annotate(request: FastifyRequest, reply: FastifyReply, server: Server) {
  const { scoreFloor } = server.job.worker;
  using share = admit(request, server);
  const readers = { 'application/json': (body: Buffer) => readCall(body, scoreFloor) };
  const { images, search } = await receive(request, { readers, maxImages: 1 }, { server, share });
  const prediction = await predict(images[0]!, search, {
    server,
    request: request.context,
    share,
    lane: 'interactive',
  });
  return shapesOf(prediction);
}

/** CVAT's slider goes down to 0, below what is kept of an image; that asks for all there is. */
function readCall(body: Buffer, scoreFloor: number): Received {
  const { image, threshold } = validate(FunctionCall, parseJson(body));
  return {
    images: [{ name: 'image', ...readBase64Field(image, '/image') }],
    options: typeof threshold === 'number' ? { score_threshold: Math.max(threshold, scoreFloor) } : {},
  };
}

/** Boxes as CVAT draws them: corners in pixels of the upright image. The prompts have no place there. */
function shapesOf({ boxes, scores, labels }: Prediction) {
  return boxes.map((points, i) => ({ confidence: String(scores[i]), label: labels[i], points, type: 'rectangle' }));
}
