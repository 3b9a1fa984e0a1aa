import type { FastifyInstance } from 'fastify';
import { describeRoute, refTo, TEXT } from '../../http/operation.js';
import type { DescribedRoute } from '../../http/route-config.js';
import type { ServerState } from '../request/server-state.js';
import { renderDocsPage } from './docs-page.js';
import { describeServer } from './info.js';
import { describeApi } from './openapi.js';

/**
 * What the server reports about itself: /info, /openapi.json and /docs.
 *
 * @param routes - Read on the first request, when all routes are registered.
 */
export function registerDocs(app: FastifyInstance, server: ServerState, routes: readonly DescribedRoute[]): void {
  const describe = (summary: string, details: Parameters<typeof describeRoute>[1]) => {
    return { config: { operation: describeRoute(summary, details) } };
  };
  app.get('/info', describe('Model, classes, limits', { answer: refTo('Info'), errors: [400, 401, 503] }), () =>
    describeServer(server),
  );
  if (!server.job.settings.docs) return;

  let document: ReturnType<typeof describeApi> | undefined;
  const readDocument = () => (document ??= describeApi(server.job, routes));
  app.get(
    '/openapi.json',
    describe('This description', { answer: { type: 'object' }, errors: [400, 401] }),
    readDocument,
  );
  const asPage = describe('This description as a web page', { type: 'text/html', answer: TEXT, errors: [400, 401] });
  app.get('/docs', asPage, ({ protocol, host }, reply) => {
    void reply.type('text/html; charset=utf-8').send(renderDocsPage(readDocument(), `${protocol}://${host}`));
  });
}
