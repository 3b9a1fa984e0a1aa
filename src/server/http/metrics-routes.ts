import type { FastifyInstance } from 'fastify';
import { isLocal } from './auth.js';
import { RequestError } from './request-error.js';
import type { Server } from '../server.js';

/** Without API keys nobody has one: then they are for those only who can reach the server on this machine. */
export function metricsRoutes(app: FastifyInstance, { job, metrics }: Server): void {
  const { metrics: access } = job.settings;
  if (access === 'off') return;
  const isPublic = access === 'key' && job.apiKeys.length === 0 && !isLocal(job.settings);
  app.get('/metrics', async (_request, reply) => {
    if (isPublic) throw new RequestError('UNAUTHORIZED', 'Metrics need an API key here, or --metrics open.');
    void reply.type(metrics.registry.contentType);
    return await metrics.registry.metrics();
  });
}
