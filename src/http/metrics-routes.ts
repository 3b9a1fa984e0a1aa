import type { FastifyInstance } from 'fastify';
import { isLocal, type ApiKeys } from './auth.js';
import type { Metrics } from './metrics.js';
import { describeRoute, TEXT } from './operation.js';
import { RequestError } from './request-error.js';

/** What is measured, and who may read it. */
interface MetricsSource {
  readonly metrics: Metrics;
  readonly job: {
    readonly apiKeys: ApiKeys;
    readonly settings: { readonly metrics: string; readonly host: string; readonly unix?: string };
  };
}

/** /metrics for Prometheus. A server without API keys refuses it to other machines, unless --metrics open allows it. */
export function registerMetrics(app: FastifyInstance, { job, metrics }: MetricsSource): void {
  const { metrics: access } = job.settings;
  if (access === 'off') return;
  const isRefused = access === 'key' && job.apiKeys.length === 0 && !isLocal(job.settings);
  const operation = describeRoute('Metrics for Prometheus', { type: 'text/plain', answer: TEXT, errors: [400, 401] });
  const config = { operation, ...(access === 'open' ? ({ access: 'public' } as const) : {}) };
  app.get('/metrics', { config }, async (_request, reply) => {
    if (isRefused) throw new RequestError('UNAUTHORIZED', 'Metrics need an API key here.');
    void reply.type(metrics.registry.contentType);
    return await metrics.registry.metrics();
  });
}
