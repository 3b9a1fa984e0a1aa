import type { FastifyInstance } from 'fastify';
import { RequestError } from '../../../http/request-error.js';
import type { ServerState } from '../../request/server-state.js';
import { MODEL, requireKnownModel, VERSION, type ModelRoute } from './model.js';
import { OPERATIONS } from './operations.js';
import { INPUTS, OUTPUTS } from './tensors.js';

/** Names of datatypes in Triton's model configuration. */
const CONFIG_TYPES = { BYTES: 'TYPE_STRING', FP32: 'TYPE_FP32', INT32: 'TYPE_INT32' } as const;

const ONE_MODEL = 'This server has one model, which is chosen when it starts; none can be loaded or unloaded.';
const NO_STATISTICS = 'There are no statistics in this form; /metrics has them for Prometheus.';
const NO_SHARED_MEMORY = 'Shared memory is not supported; send tensors in requests.';
const NO_SETTINGS = 'Tracing and logging cannot be read or set here.';

/** What Triton's clients can ask for besides the protocol, and why it is not there. */
const REFUSED: readonly (readonly ['GET' | 'POST', path: string, reason: string])[] = [
  ['POST', '/v2/repository/models/:name/load', ONE_MODEL],
  ['POST', '/v2/repository/models/:name/unload', ONE_MODEL],
  ['POST', '/v2/repository/:repository/models/:name/load', ONE_MODEL],
  ['POST', '/v2/repository/:repository/models/:name/unload', ONE_MODEL],
  ['GET', '/v2/models/stats', NO_STATISTICS],
  ['GET', '/v2/models/:name/stats', NO_STATISTICS],
  ['GET', '/v2/models/:name/versions/:version/stats', NO_STATISTICS],
  ...(['GET', 'POST'] as const).flatMap((method) => [
    [method, '/v2/systemsharedmemory/*', NO_SHARED_MEMORY] as const,
    [method, '/v2/cudasharedmemory/*', NO_SHARED_MEMORY] as const,
    [method, '/v2/trace/setting', NO_SETTINGS] as const,
    [method, '/v2/models/:name/trace/setting', NO_SETTINGS] as const,
    [method, '/v2/logging', NO_SETTINGS] as const,
  ]),
];

/** Triton's extensions for the configuration and the repository of models: what one fixed model can answer. */
export function registerManagement(app: FastifyInstance, server: ServerState): void {
  const config = { config: { operation: OPERATIONS.config } };
  app.get<ModelRoute>('/v2/models/:model/config', config, ({ params }) => {
    return describeConfiguration(requireKnownModel(params, server));
  });
  const undocumented = { config: { operation: 'undocumented' } } as const; // the same
  app.get<ModelRoute>('/v2/models/:model/versions/:version/config', undocumented, ({ params }) => {
    return describeConfiguration(requireKnownModel(params, server));
  });
  app.post('/v2/repository/index', { config: { operation: OPERATIONS.index } }, () => listModels(server));
  app.post('/v2/repository/:repository/index', undocumented, () => listModels(server));

  for (const [method, url, reason] of REFUSED) {
    const refuse = () => {
      throw new RequestError('NOT_IMPLEMENTED', reason);
    };
    app.route({ method, url, ...undocumented, handler: refuse });
  }
}

/** @see Triton's model_config.proto */
function describeConfiguration(name: string) {
  const toConfig = ({ name, datatype, shape }: (typeof INPUTS)[number] | (typeof OUTPUTS)[number]) => {
    return { name, data_type: CONFIG_TYPES[datatype], dims: shape };
  };
  return {
    name,
    platform: 'onnxruntime_onnx',
    backend: 'onnxruntime',
    version_policy: { specific: { versions: [Number(VERSION)] } },
    max_batch_size: 0, // the first dimension counts images: it is no dimension that Triton adds
    input: INPUTS.map(toConfig),
    output: OUTPUTS.map(toConfig),
  };
}

/** @see Triton's model repository extension */
function listModels({ phase, isWorking, notReady }: ServerState) {
  const state = phase === 'starting' ? 'LOADING' : isWorking ? 'READY' : 'UNAVAILABLE';
  return [{ name: MODEL, version: VERSION, state, reason: state === 'READY' ? '' : (notReady ?? '') }];
}
