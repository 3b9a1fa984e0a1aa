import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { collectMethods } from '../http/allowed-methods.js';
import { checkHost } from '../http/allowed-hosts.js';
import { compressPayload, requestIdOf, SECURITY_HEADERS } from '../http/headers.js';
import { PROBLEM_TYPE, toNamedError, toProblemDetails } from '../http/problem-details.js';
import { RequestError } from '../http/request-error.js';
import { createTransport } from '../http/transport.js';
import { checkOrigin } from './access.js';
import { registerAsk, type AskPart } from './ask/routes.js';
import type { ReviewServer } from './review-server.js';
import { registerDecisions } from './routes/decisions.js';
import { registerImages } from './routes/images.js';
import { registerPage } from './routes/page.js';
import { toShownError } from './shown-error.js';

const BODY_LIMIT_BYTES = 8 << 20; // far above a change of all boxes of an image

/** Maps requests to responses; needs no port. The caller disposes of what asks the model. */
export async function createReviewApp(
  server: ReviewServer,
): Promise<{ readonly app: FastifyInstance; readonly ask: AskPart }> {
  const app = fastify({
    genReqId: requestIdOf,
    bodyLimit: BODY_LIMIT_BYTES,
    ...(await createTransport(server.listen)),
    forceCloseConnections: true,
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => void answerError(error, { request, reply, note: server.note }),
  });
  app.removeContentTypeParser('text/plain'); // which forms of any web page can send
  app.addHook('onRequest', (request, reply, done) => {
    void reply
      .headers({ ...SECURITY_HEADERS, 'cross-origin-resource-policy': 'same-origin' })
      .header('x-request-id', request.id);
    done();
  });
  app.addHook('onRequest', checkHost(server.listen));
  app.addHook('onRequest', checkOrigin);
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.access === undefined) server.access.requireAllowed(request);
    done();
  });
  app.addHook('onSend', compressPayload);
  const allowedMethods = collectMethods(app);
  app.setErrorHandler((error, request, reply) => answerError(error, { request, reply, note: server.note }));
  app.setNotFoundHandler((request, reply) => {
    const error = noRouteError(allowedMethods(request.url.split('?')[0]!));
    return answerError(error, { request, reply, note: server.note });
  });
  registerPage(app, server);
  registerImages(app, server);
  const ask = registerAsk(app, server.session, server.rerun);
  registerDecisions(app, { ...server, askState: () => ask.state() });
  return { app, ask };
}

/** @param methods - Those that the address takes, where there is such an address. */
function noRouteError(methods: readonly string[]): RequestError {
  const allow = methods.join(', ');
  if (allow === '') return new RequestError('NOT_FOUND', 'There is no such address here.');
  return new RequestError('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { headers: { allow } });
}

function answerError(
  thrown: unknown,
  {
    request,
    reply,
    note,
  }: { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly note: (message: string) => void },
): FastifyReply {
  const error = toShownError(thrown);
  const { body, headers } = toProblemDetails(error, request.id);
  if (body.status === 500) note(describeFault(error, request));
  return reply.code(body.status).headers(headers).type(PROBLEM_TYPE).send(JSON.stringify(body));
}

function describeFault(error: unknown, { method, routeOptions: { url = 'unknown' }, id }: FastifyRequest): string {
  const { code, message, cause } = toNamedError(error);
  const stack = code === 'INTERNAL' && cause instanceof Error ? `\n${cause.stack ?? cause.message}` : '';
  return `${method} ${url} failed (${code}, request ${id}): ${message}${stack}`;
}
