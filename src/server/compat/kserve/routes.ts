import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ProblemAnswer } from '../../../config/predict-schema.js';
import { readInferRequest, INPUTS, OUTPUTS, toTensors } from './tensors.js';
import { predict, type Prediction } from '../../request/predict.js';
import { admit, receive } from '../../request/receive.js';
import { RequestError } from '../../http/request-error.js';
import type { Server } from '../../server.js';

/** What the model is called, whichever it is; its own reference does too. */
const MODEL = 'preannotate';
const VERSION = '1';

interface ModelRoute {
  Params: { model: string; version?: string };
}

/** The Open Inference Protocol (KServe's second, Triton's) over HTTP, with JSON tensors. */
export function kserveRoutes(app: FastifyInstance, server: Server): void {
  if (!server.job.settings.compat.includes('kserve')) return;
  const options = { config: { errorBody: ({ detail }: ProblemAnswer) => ({ error: detail }) } };
  const readiness = () => {
    const reason = server.notReady;
    return reason === undefined ? { ready: true } : { ready: false, error: reason };
  };

  app.get('/v2', options, () => ({ name: MODEL, version: server.job.version, extensions: [] }));
  app.get('/v2/health/live', options, () => ({ live: true }));
  app.get('/v2/health/ready', options, (_request, reply) => {
    const answer = readiness();
    void reply.code(answer.ready ? 200 : 503).send(answer);
  });

  for (const path of ['/v2/models/:model', '/v2/models/:model/versions/:version']) {
    app.get<ModelRoute>(path, options, ({ params }) => {
      const name = requireKnownModel(params, server);
      return { name, versions: [VERSION], platform: 'onnxruntime_onnx', inputs: INPUTS, outputs: OUTPUTS };
    });
    app.get<ModelRoute>(`${path}/ready`, options, ({ params }, reply) => {
      const answer = { name: requireKnownModel(params, server), ...readiness() };
      void reply.code(answer.ready ? 200 : 503).send(answer);
    });
    app.post<ModelRoute>(`${path}/infer`, options, async (request) => {
      const name = requireKnownModel(request.params, server);
      const { id = request.id, outputs } = await infer(request, server);
      return { model_name: name, model_version: VERSION, id, outputs };
    });
  }
}

/** @throws RequestError NOT_FOUND */
function requireKnownModel({ model, version = VERSION }: ModelRoute['Params'], { job }: Server): string {
  if ((model === MODEL || model === job.settings.model) && version === VERSION) return model;
  throw new RequestError('NOT_FOUND', `There is no such model here; the only one is "${MODEL}", version ${VERSION}.`);
}

/** Images of one request are answered together, or not at all: the protocol has no place for what became of each. */
async function infer(request: FastifyRequest, server: Server) {
  const { requestImages, queueItems } = server.job.settings;
  using share = admit(request, server);
  const maxImages = Math.min(requestImages, queueItems);
  const accepted = {
    readers: {
      'application/json': readInferRequest,
      'application/octet-stream': readInferRequest,
      '': readInferRequest,
    },
    maxImages,
  };
  const { images, search, id, wanted } = await receive(request, accepted, { server, share });
  share.grow({ items: images.length - 1, bytes: 0 });
  const lane = images.length === 1 ? 'interactive' : 'bulk';
  const context = { server, request: request.context, share, lane } as const;
  const outcomes = await Promise.allSettled(images.map((image) => predict(image, search, context)));
  return { id, outputs: toTensors(outcomes.map(valueOf), wanted) };
}

function valueOf(outcome: PromiseSettledResult<Prediction>): Prediction {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
