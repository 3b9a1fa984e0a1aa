import fastify, { type FastifyInstance } from 'fastify';
import { loadSettings } from '../../src/config/load.js';
import { ServeConfig } from '../../src/config/schema.js';
import { registerProtocols } from '../../src/server/compat/routes.js';
import { describeApi, type OpenApi } from '../../src/server/docs/openapi.js';
import { registerDocs } from '../../src/server/docs/routes.js';
import { registerHealthPath, registerProbes } from '../../src/http/health-routes.js';
import { registerMetrics } from '../../src/http/metrics-routes.js';
import { collectRoutes } from '../../src/http/route-config.js';
import { registerPredict } from '../../src/server/request/predict-routes.js';
import { ServerState, type ServeJob } from '../../src/server/request/server-state.js';

/** What /openapi.json answers with default settings: the real routes, without a model and a port. */
export async function describeDefaultApi(): Promise<{ document: OpenApi; app: FastifyInstance }> {
  const { settings } = await loadSettings({ schema: ServeConfig, flags: {}, environment: {}, cwd: '/' });
  const job = { version: '1.0.0', settings, apiKeys: [] };
  const app: FastifyInstance = fastify();
  const described = collectRoutes(app);
  const server = new ServerState(job as unknown as ServeJob); // routes that are registered and not called need no more
  for (const register of [
    registerPredict,
    registerProbes,
    registerMetrics,
    registerProtocols,
    registerDocs,
    registerHealthPath,
  ])
    register(app, server, described);
  return { document: describeApi(job, described), app };
}
