import type { FastifyInstance } from 'fastify';
import { PreannotateError } from '../core/errors.js';
import { BOOLEAN, describeRoute, objectOf, TEXT } from './operation.js';

/** What orchestrators and load balancers ask about. */
interface Health {
  readonly phase: string;
  /** Images can be annotated, even if the queue is full. */
  readonly isWorking: boolean;
  /** Why a request would be refused now; undefined when it would be admitted. */
  readonly notReady: string | undefined;
}

/** The probes of orchestrators and load balancers; --health-path is one more, see {@link registerHealthPath}. */
export function registerProbes(app: FastifyInstance, server: Health): void {
  const probe = (summary: string, answer: object, unready?: string) => {
    const details = { answer: objectOf({ ...answer }), ...(unready === undefined ? {} : { unready }) };
    return { config: { access: 'probe', operation: describeRoute(summary, details) } } as const;
  };
  const readiness = { ready: BOOLEAN, 'reason?': TEXT };

  // A server that answers is alive: one that waits for a model or a worker must not be killed for it.
  app.get('/livez', probe('The process answers', { alive: BOOLEAN }), () => ({ alive: true }));

  const summaries = { '/readyz': 'Whether a request would be admitted now, and why not (503)', '/ready': 'As /readyz' };
  for (const [path, summary] of Object.entries(summaries)) {
    app.get(path, probe(summary, readiness, 'A request would be refused now'), (_request, reply) => {
      const reason = server.notReady;
      void reply
        .code(reason === undefined ? 200 : 503)
        .send(reason === undefined ? { ready: true } : { ready: false, reason });
    });
  }

  // A slow start is not a failure: orchestrators ask this one until it succeeds, and only then the others.
  app.get(
    '/startupz',
    probe('Whether the model is open (503 until then)', { started: BOOLEAN }, 'It is not open yet'),
    (_request, reply) => {
      const started = server.phase !== 'starting';
      void reply.code(started ? 200 : 503).send({ started });
    },
  );
}

/**
 * --health-path, which answers load balancers as LitServe does. A server with a full queue is healthy.
 *
 * @throws PreannotateError CONFIG_INVALID when the path is taken; register it last
 */
export function registerHealthPath(
  app: FastifyInstance,
  server: Health & { readonly job: { readonly settings: { readonly healthPath: string } } },
): void {
  const { healthPath } = server.job.settings;
  if (['GET', 'POST'].some((method) => app.hasRoute({ url: healthPath, method }))) {
    throw new PreannotateError({
      code: 'CONFIG_INVALID',
      message: `--health-path ${healthPath} is an address of the server already.`,
      hint: 'Choose another one.',
    });
  }
  const operation = describeRoute('ok, or not ready (503), as plain text', {
    type: 'text/plain',
    answer: TEXT,
    unready: 'No image can be annotated',
  });
  app.get(healthPath, { config: { access: 'probe', operation } }, (_request, reply) => {
    const { isWorking } = server;
    void reply
      .code(isWorking ? 200 : 503)
      .type('text/plain; charset=utf-8')
      .send(isWorking ? 'ok' : 'not ready');
  });
}
