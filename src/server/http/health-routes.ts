import type { FastifyInstance } from 'fastify';
import { PreannotateError } from '../../core/errors.js';
import type { Server } from '../server.js';

/** What orchestrators and load balancers ask. */
export function healthRoutes(app: FastifyInstance, server: Server): void {
  const ready = () => {
    const reason = server.notReady;
    return reason === undefined ? { ready: true } : { ready: false, reason };
  };

  // It answers, so it lives: a server that is waiting for a model or a worker is not to be killed for it.
  app.get('/livez', () => ({ alive: true }));

  for (const path of ['/readyz', '/ready']) {
    app.get(path, (_request, reply) => {
      const answer = ready();
      void reply.code(answer.ready ? 200 : 503).send(answer);
    });
  }

  // Slow to start is not dead: this one says when to begin asking the others.
  app.get('/startupz', (_request, reply) => {
    const started = server.phase !== 'starting';
    void reply.code(started ? 200 : 503).send({ started });
  });
}

/**
 * Tells load balancers, in LitServe's words. A full queue is no reason to call a server unhealthy.
 *
 * @throws PreannotateError CONFIG_INVALID when the path is taken; register it last
 */
export function addHealthRoute(app: FastifyInstance, server: Server): void {
  const { healthPath } = server.job.settings;
  if (['GET', 'POST'].some((method) => app.hasRoute({ url: healthPath, method }))) {
    throw new PreannotateError({
      code: 'CONFIG_INVALID',
      message: `--health-path ${healthPath} is an address of the server already.`,
      hint: 'Choose another one.',
    });
  }
  app.get(healthPath, (_request, reply) => {
    const { isWorking } = server;
    void reply
      .code(isWorking ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(isWorking ? 'ok' : 'not ready');
  });
}
