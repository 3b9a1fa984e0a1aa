import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Operation } from '../../../http/operation.js';
import { annotateRequest } from '../../request/annotate-request.js';
import { jsonReaders } from '../../request/readers.js';
import type { Prediction } from '../../request/predict.js';
import type { ServerState } from '../../request/server-state.js';
import { JSON_LENGTH_HEADER } from './binary.js';
import { registerManagement } from './management.js';
import { MODEL, requireKnownModel, VERSION, type ModelRoute } from './model.js';
import { OPERATIONS } from './operations.js';
import { INPUTS, OUTPUTS, readInferRequest, writeInference } from './tensors.js';

/** Of the protocol, by Triton's names. */
const EXTENSIONS = ['binary_tensor_data', 'model_configuration'];

/** The Open Inference Protocol (KServe's second version, Triton's) over HTTP, with JSON and binary tensors. */
export function registerKserve(app: FastifyInstance, server: ServerState): void {
  registerServer(app, server);
  registerModel(app, server, { path: '/v2/models/:model', isDescribed: true });
  registerModel(app, server, { path: '/v2/models/:model/versions/:version', isDescribed: false });
  registerManagement(app, server);
}

function registerServer(app: FastifyInstance, server: ServerState): void {
  app.get('/v2', { config: { operation: OPERATIONS.server } }, () => {
    return { name: MODEL, version: server.job.version, extensions: EXTENSIONS };
  });
  const live = { operation: OPERATIONS.live, access: 'probe' } as const;
  app.get('/v2/health/live', { config: live }, () => ({ live: true }));
  const ready = { operation: OPERATIONS.ready, access: 'probe' } as const;
  app.get('/v2/health/ready', { config: ready }, (_request, reply) => {
    const answer = readinessOf(server);
    void reply.code(answer.ready ? 200 : 503).send(answer);
  });
}

function registerModel(
  app: FastifyInstance,
  server: ServerState,
  { path, isDescribed }: { path: string; isDescribed: boolean },
): void {
  const configFor = (name: 'model' | 'modelReady' | 'infer') => {
    const operation: Operation | 'undocumented' = isDescribed ? OPERATIONS[name] : 'undocumented';
    return { config: { operation } };
  };
  app.get<ModelRoute>(path, configFor('model'), ({ params }) => {
    const name = requireKnownModel(params, server);
    return { name, versions: [VERSION], platform: 'onnxruntime_onnx', inputs: INPUTS, outputs: OUTPUTS };
  });
  app.get<ModelRoute>(`${path}/ready`, configFor('modelReady'), ({ params }, reply) => {
    const answer = { name: requireKnownModel(params, server), ...readinessOf(server) };
    void reply.code(answer.ready ? 200 : 503).send(answer);
  });
  app.post<ModelRoute>(`${path}/infer`, configFor('infer'), async (request, reply) => {
    const name = requireKnownModel(request.params, server);
    const { json, binary, isBinary } = await infer(request, server, name);
    if (!isBinary) return json;
    const head = Buffer.from(JSON.stringify(json));
    void reply.header(JSON_LENGTH_HEADER, head.length).type('application/octet-stream');
    return Buffer.concat([head, ...binary]);
  });
}

function readinessOf({ notReady }: ServerState) {
  return notReady === undefined ? { ready: true } : { ready: false, error: notReady };
}

/** The images of a request are answered together or not at all: the protocol has no field for an error of one image. */
function infer(request: FastifyRequest, server: ServerState, name: string) {
  const { requestImages, queueItems } = server.job.settings;
  const accepted = {
    readers: jsonReaders(readInferRequest),
    maxImages: Math.min(requestImages, queueItems),
  };
  return annotateRequest(request, { server, ...accepted }, async ({ images, id, wanted }, annotate) => {
    const outcomes = await Promise.allSettled(images.map(annotate));
    const inference = { model_name: name, model_version: VERSION, id: id ?? request.id };
    const isBinary = wanted.some((output) => output.isBinary);
    return { ...writeInference(inference, outcomes.map(valueOf), wanted), isBinary };
  });
}

function valueOf(outcome: PromiseSettledResult<Prediction>): Prediction {
  if (outcome.status === 'rejected') throw outcome.reason;
  return outcome.value;
}
