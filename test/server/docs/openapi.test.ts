import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { loadSettings } from '../../../src/config/load.js';
import { ServeConfig } from '../../../src/config/schema.js';
import { FAILURES } from '../../../src/core/errors.js';
import { registerProtocols } from '../../../src/server/compat/routes.js';
import { describeApi } from '../../../src/server/docs/openapi.js';
import { registerDocs } from '../../../src/server/docs/routes.js';
import { registerHealthPath, registerProbes } from '../../../src/server/http/health-routes.js';
import { registerMetrics } from '../../../src/server/http/metrics-routes.js';
import { collectRoutes } from '../../../src/server/http/route-config.js';
import { registerPredict } from '../../../src/server/request/predict-routes.js';
import { ServerState, type ServeJob } from '../../../src/server/request/server-state.js';

const { settings } = await loadSettings({ schema: ServeConfig, flags: {}, environment: {}, cwd: '/' });
const job = { version: '1.0.0', settings, apiKeys: [] };
const app = fastify();
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
const { paths } = describeApi(job, described);

/** The failures that the table has for a status, as the document lists them. */
function documentedAt(status: number): string {
  const failures = Object.entries(FAILURES).filter(
    ([, { httpStatus, openApi }]) => httpStatus === status && openApi !== null,
  );
  return failures.map(([code, { openApi }]) => `${code} (${openApi})`).join(', ');
}

/** Status and description of every error response of an operation. */
function errorsOf(path: string): [status: number, description: unknown][] {
  const operations = Object.values(paths[path]!);
  const responses = operations.flatMap((operation) => Object.entries(operation.responses));
  return responses
    .map(([status, response]): [number, unknown] => [Number(status), response['description']])
    .filter(([status]) => status >= 400);
}

describe('/openapi.json', () => {
  it('describes every failure of the table that a prediction can be answered with', () => {
    const statuses = new Set(
      Object.values(FAILURES).flatMap(({ httpStatus, openApi }) => (openApi === null ? [] : [httpStatus])),
    );
    const expected = [...statuses].sort().map((status) => [status, documentedAt(status)]);
    for (const path of ['/predict', '/predict/batch', '/label-studio/predict', '/v2/models/{model}/infer'])
      expect(errorsOf(path), path).toEqual(expected);
  });

  it('describes a status by the same failures wherever it occurs', () => {
    for (const path of Object.keys(paths))
      for (const [status, description] of errorsOf(path)) expect(description, path).toBe(documentedAt(status));
  });

  it('lists every route that is registered with a description, and a route without one is refused', () => {
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['/predict', '/health', '/readyz', '/metrics', '/info', '/docs', '/v2/models/{model}']),
    );
    expect(() => app.get('/undescribed', () => 'ok')).toThrow('GET /undescribed has no OpenAPI description');
  });
});
