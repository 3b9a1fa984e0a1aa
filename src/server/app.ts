import type { Server as HttpServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import cors from '@fastify/cors';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { ProblemAnswer } from '../config/predict-schema.js';
import { FAILURES } from '../core/errors.js';
import { checkHost } from './http/allowed-hosts.js';
import { authorise, isOpen } from './http/auth.js';
import { RequestContext } from './request/request-context.js';
import { loadCertificate } from './http/certificate.js';
import { answerExpectContinue, scheduleLingeringClose } from './http/connections.js';
import { compressPayload, requestIdOf, SECURITY_HEADERS } from './http/headers.js';
import { countRequest, countRefusal } from './http/metrics.js';
import { logServerFault, toNamedError, toProblemDetails, PROBLEM_TYPE } from './http/problem-details.js';
import { RequestError } from './http/request-error.js';
import { cvatRoutes } from './compat/cvat/routes.js';
import { addHealthRoute, healthRoutes } from './http/health-routes.js';
import { infoRoutes } from './http/info-routes.js';
import { kserveRoutes } from './compat/kserve/routes.js';
import { labelStudioRoutes } from './compat/label-studio/routes.js';
import { metricsRoutes } from './http/metrics-routes.js';
import { pageRoutes } from './page/routes.js';
import { predictRoutes } from './request/predict-routes.js';
import type { Server } from './server.js';

declare module 'fastify' {
  interface FastifyRequest {
    context: RequestContext;
  }
  interface FastifyContextConfig {
    errorBody?: (problem: ProblemAnswer) => object; // in whose form a route's errors come, where it is not ours
  }
}

/** What answers requests: one file a group of routes, which registers itself. */
const ROUTES = [
  predictRoutes,
  healthRoutes,
  infoRoutes,
  metricsRoutes,
  pageRoutes,
  labelStudioRoutes,
  cvatRoutes,
  kserveRoutes,
];

const HEADERS_TIMEOUT_MS = 5_000;
const MAX_HEADER_BYTES = 8 * 1024;
const MAX_PARAMETER_CHARACTERS = 1024; // of an address; a model's name may be the path of its folder
const KEEP_ALIVE_MS = 65_000; // longer than a load balancer's minute, so that it is the one to close
const CHECK_INTERVAL_MS = 500; // how often Node looks for clients that are too slow
const RECEIVE_GRACE_MS = 5_000; // our own limit answers with a reason; Node's cuts what it leaves over

/** Maps requests to responses; needs no port. @throws PreannotateError CONFIG_INVALID for files and paths that cannot be used */
export async function createApp(server: Server): Promise<FastifyInstance> {
  const { settings } = server.job;
  const loggerInstance: FastifyBaseLogger = server.job.log;
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: MAX_PARAMETER_CHARACTERS },
    requestTimeout: settings.receiveTimeoutSec * 1000 + HEADERS_TIMEOUT_MS + RECEIVE_GRACE_MS,
    connectionTimeout: 0, // would also cut a client that waits for a slow answer; the limits below see the others
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(await createTransport(settings)),
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseConnection(error, socket, server),
    frameworkErrors: (error, request, reply) => {
      beginRequest(request, reply, server); // an address that cannot be parsed is refused before any hook has run
      void answerError(error, request, reply);
    },
  });
  answerExpectContinue(app.server, settings.bodyLimit);
  // Bodies are read by the routes: with limits, deadlines and words of their own.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.decorateRequest('context');
  app.addHook('onRequest', (request, reply, done) => {
    beginRequest(request, reply, server);
    const isHttp1 = request.raw.httpVersionMajor === 1; // Node answers 0.9 too, which has neither status nor headers
    done(isHttp1 ? undefined : new RequestError('REQUEST_MALFORMED', 'This is not HTTP/1.1.'));
  });
  const { allowedHosts: hosts } = settings;
  if (hosts !== undefined) app.addHook('onRequest', checkHost({ hosts, healthPath: settings.healthPath }));
  if (settings.corsOrigin.length > 0) await app.register(cors, corsOptions(settings.corsOrigin));
  app.addHook('onRequest', (request, _reply, done) => {
    const { method } = request;
    if (!isOpen({ method, route: request.routeOptions.url }, settings)) authorise(request.headers, server.job.apiKeys);
    done();
  });
  app.addHook('onSend', async (request, reply, payload) => {
    void reply.header('server-timing', request.context.serverTiming);
    if (!(payload instanceof Readable)) request.context.beginSending(); // lines are known one by one
    return payload;
  });
  app.addHook('onSend', compressPayload);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerError(notFoundError(app, request), request, reply));
  for (const register of ROUTES) register(app, server);
  addHealthRoute(app, server);
  return app;
}

/** HTTP or HTTPS, with its limits. */
async function createTransport(settings: Server['job']['settings']): Promise<FastifyHttpOptions<HttpServer>> {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: CHECK_INTERVAL_MS,
  };
  const certificate = await loadCertificate(settings);
  if (certificate === undefined) return { http: limits };
  const https = { ...limits, ...certificate, handshakeTimeout: HEADERS_TIMEOUT_MS };
  return { https } as object; // both kinds of server are alike to us; Fastify's types are not
}

function beginRequest(request: FastifyRequest, reply: FastifyReply, server: Server): void {
  server.connections.track({ request: request.raw, response: reply.raw });
  void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
  request.context = new RequestContext(reply.raw, (context) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = context.failure === 'CLIENT_GONE' ? FAILURES.CLIENT_GONE.httpStatus : reply.raw.statusCode;
    countRequest(server.metrics, context, { route, status });
    const line = {
      method: request.method,
      route, // not the URL, which holds whatever the client wrote
      status,
      ms: Math.round(performance.now() - context.startedMs),
      ...(context.failure === undefined ? {} : { code: context.failure }),
      ...Object.fromEntries([...context.times].map(([stage, ms]) => [`${stage}_ms`, Math.round(ms * 10) / 10])),
    };
    const isLook = ['GET', 'HEAD'].includes(request.method) && context.failure === undefined;
    if (isLook) request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}

function refuseConnection(error: NodeJS.ErrnoException, socket: Socket, server: Server): void {
  const refusal = server.connections.refuse(error, socket);
  if (refusal === undefined) return;
  const { status, code, request_id } = refusal;
  countRefusal(server.metrics, refusal);
  server.job.log.info({ request_id, route: 'unknown', status, code }, 'refused');
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body, headers } = toProblemDetails(error, request.id);
  logServerFault(error, request.log);
  const { context } = request;
  context.failure ??= toNamedError(error).code;
  scheduleLingeringClose(request.raw, reply.raw);
  void reply.code(body.status).headers(headers);
  const { errorBody } = request.routeOptions.config;
  if (errorBody !== undefined) return reply.type('application/json').send(JSON.stringify(errorBody(body)));
  return reply.type(PROBLEM_TYPE).send(JSON.stringify(body));
}

function notFoundError(app: FastifyInstance, request: FastifyRequest): RequestError {
  const url = request.url.split('?')[0]!;
  const allowed = ['GET', 'POST'].filter((method) => app.hasRoute({ url, method }));
  const where = app.hasRoute({ url: '/docs', method: 'GET' }) ? '; /docs lists what there is' : '';
  if (allowed.length === 0) return new RequestError('NOT_FOUND', `There is nothing here${where}.`);
  const allow = allowed.join(', ');
  return new RequestError('METHOD_NOT_ALLOWED', `This address takes ${allow}.`, { headers: { allow } });
}

function corsOptions(origins: readonly string[]) {
  return {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'x-api-key', 'x-request-id', 'x-request-timeout-ms'],
    exposedHeaders: ['x-request-id', 'server-timing', 'retry-after'],
    maxAge: 600,
  };
}
