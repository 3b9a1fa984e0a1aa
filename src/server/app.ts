import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import cors from '@fastify/cors';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { FAILURES } from '../core/errors.js';
import { errorBodyAt, registerProtocols } from './compat/routes.js';
import { registerDocs } from './docs/routes.js';
import { collectMethods } from '../http/allowed-methods.js';
import { checkHost } from '../http/allowed-hosts.js';
import { authorise } from '../http/auth.js';
import { answerExpectContinue, scheduleLingeringClose } from '../http/connections.js';
import { compressPayload, CORS_HEADERS, requestIdOf, SECURITY_HEADERS } from '../http/headers.js';
import { registerHealthPath, registerProbes } from '../http/health-routes.js';
import { countRefusal, countRequest } from '../http/metrics.js';
import { registerMetrics } from '../http/metrics-routes.js';
import { logServerFault, PROBLEM_TYPE, toNamedError, toProblemDetails } from '../http/problem-details.js';
import { RequestError } from '../http/request-error.js';
import { collectRoutes } from '../http/route-config.js';
import { createTransport } from '../http/transport.js';
import { registerPage } from './page/routes.js';
import { registerPredict } from './request/predict-routes.js';
import { RequestContext } from './request/request-context.js';
import type { ServerState } from './request/server-state.js';

/** Everything the server answers; each entry registers the routes of one subject. */
const ROUTES = [
  registerPredict,
  registerProbes,
  registerMetrics,
  registerPage,
  registerProtocols,
  registerDocs,
  registerHealthPath,
];

const MAX_PARAMETER_CHARACTERS = 1024; // of an address; a model's name may be the path of its folder

/**
 * Maps requests to responses; needs no port.
 *
 * @throws PreannotateError CONFIG_INVALID for files and paths that cannot be used
 */
export async function createApp(server: ServerState): Promise<FastifyInstance> {
  const app = await createFastify(server);
  server.connections.watch(app.server);
  answerExpectContinue(app.server, server.job.settings.bodyLimit);
  // Routes read their bodies themselves, with their own limits, deadlines and messages.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  await addRequestHooks(app, server);
  addReplyHooks(app, server);
  const allowedMethods = collectMethods(app);
  app.setErrorHandler((error, request, reply) => answerError(error, { request, reply, server }));
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0]!;
    const where = server.job.settings.docs ? '; /docs lists what there is' : '';
    return answerError(notFoundError(allowedMethods(path), where), { request, reply, server });
  });
  const described = collectRoutes(app);
  for (const register of ROUTES) register(app, server, described);
  return app;
}

async function createFastify(server: ServerState): Promise<FastifyInstance> {
  const loggerInstance: FastifyBaseLogger = server.job.log;
  return fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    ...(await createTransport(server.job.settings)),
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, server),
    frameworkErrors: (error, request, reply) => {
      beginRequest(request, reply, server); // no hook has run yet for an address that cannot be parsed
      void answerError(error, { request, reply, server });
    },
  });
}

/** What happens to every request before its route, in this order: log, host name, CORS, API key. */
async function addRequestHooks(app: FastifyInstance, server: ServerState): Promise<void> {
  const { settings } = server.job;
  const { corsOrigin } = settings;
  app.decorateRequest('context');
  app.addHook('onRequest', (request, reply, done) => {
    beginRequest(request, reply, server);
    const isHttp1 = request.raw.httpVersionMajor === 1; // Node answers 0.9 too, which has neither status nor headers
    done(isHttp1 ? undefined : new RequestError('REQUEST_MALFORMED', 'This is not HTTP/1.1.'));
  });
  app.addHook('onRequest', checkHost(settings));
  if (corsOrigin.length > 0) {
    await app.register(cors, { ...CORS_HEADERS, origin: corsOrigin.includes('*') ? '*' : [...corsOrigin] });
  }
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.access === undefined) authorise(request.headers, server.job.apiKeys);
    done();
  });
}

function addReplyHooks(app: FastifyInstance, server: ServerState): void {
  app.addHook('onSend', async (request, reply, payload) => {
    void reply.header('server-timing', request.context.serverTiming);
    // A client that keeps asking over the connection that it has would keep the server from stopping.
    if (server.phase === 'draining') void reply.header('connection', 'close');
    if (!(payload instanceof Readable)) request.context.beginSending(); // a stream does so when its last line is known
    return payload;
  });
  app.addHook('onSend', compressPayload);
}

function beginRequest(request: FastifyRequest, reply: FastifyReply, server: ServerState): void {
  void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
  const context = new RequestContext(reply.raw);
  request.context = context;
  server.connections.track({ request: request.raw, response: reply.raw }, () => {
    context.end();
    const route = request.routeOptions.url ?? 'unknown'; // not the URL, which may hold anything
    const status = context.failure === 'CLIENT_GONE' ? FAILURES.CLIENT_GONE.httpStatus : reply.raw.statusCode;
    countRequest(server.metrics, context, { route, status });
    logRequest(request, context, { route, status });
  });
}

function logRequest(request: FastifyRequest, context: RequestContext, answer: { route: string; status: number }): void {
  const { method } = request;
  const { failure, boxes, startedMs, times } = context;
  const line = {
    method,
    ...answer,
    ...(boxes === undefined ? {} : { boxes }),
    ms: Math.round(performance.now() - startedMs),
    ...(failure === undefined ? {} : { code: failure }),
    ...Object.fromEntries([...times].map(([stage, ms]) => [`${stage}_ms`, Math.round(ms * 10) / 10])),
  };
  const isRead = ['GET', 'HEAD'].includes(method) && failure === undefined;
  if (isRead) request.log.debug(line, 'answered');
  else request.log.info(line, 'answered');
}

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket, server: ServerState): void {
  const refusal = server.connections.refuse(error, socket, (url) => errorBodyAt(url, server));
  if (refusal === undefined) return;
  const { status, code, request_id } = refusal;
  countRefusal(server.metrics, refusal);
  server.job.log.info({ request_id, route: 'unknown', status, code }, 'refused');
}

function answerError(
  error: unknown,
  { request, reply, server }: { request: FastifyRequest; reply: FastifyReply; server: ServerState },
): FastifyReply {
  const { body, headers } = toProblemDetails(error, request.id);
  logServerFault(error, request.log);
  request.context.failure ??= toNamedError(error).code;
  scheduleLingeringClose(request.raw, reply.raw);
  void reply.code(body.status).headers(headers);
  const errorBody = errorBodyAt(request.url, server);
  if (errorBody !== undefined) return reply.type('application/json').send(JSON.stringify(errorBody(body)));
  return reply.type(PROBLEM_TYPE).send(JSON.stringify(body));
}

function notFoundError(allowed: readonly string[], where: string): RequestError {
  if (allowed.length === 0) return new RequestError('NOT_FOUND', `There is no such address here${where}.`);
  const allow = allowed.join(', ');
  return new RequestError('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { headers: { allow } });
}
