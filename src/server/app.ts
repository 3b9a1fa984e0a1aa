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
import { allowedHosts } from './http/allowed-hosts.js';
import { authorise, isOpen } from './http/auth.js';
import { Call } from './request/request-context.js';
import { loadCertificate } from './http/certificate.js';
import { inviteBodies, linger } from './http/connections.js';
import { compressed, requestIdOf, SECURITY_HEADERS } from './http/headers.js';
import { countCall, countRefusal } from './http/metrics.js';
import { logOwnFault, namedError, problemOf, PROBLEM_TYPE } from './http/problem.js';
import { RequestError } from './http/request-error.js';
import { cvatRoutes } from './compat/cvat/routes.js';
import { addHealthPath, healthRoutes } from './http/health-routes.js';
import { infoRoutes } from './http/info-routes.js';
import { kserveRoutes } from './compat/kserve/routes.js';
import { labelStudioRoutes } from './compat/label-studio/routes.js';
import { metricsRoutes } from './http/metrics-routes.js';
import { pageRoutes } from './page/routes.js';
import { predictRoutes } from './request/predict-routes.js';
import type { Server } from './server.js';

declare module 'fastify' {
  interface FastifyRequest {
    call: Call;
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
    ...(await transportOf(settings)),
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuse(error, socket, server),
    frameworkErrors: (error, request, reply) => {
      begin(request, reply, server); // an address that cannot be parsed is refused before any hook has run
      void answerError(error, request, reply);
    },
  });
  inviteBodies(app.server, settings.bodyLimit);
  // Bodies are read by the routes: with limits, deadlines and words of their own.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.decorateRequest('call');
  app.addHook('onRequest', (request, reply, done) => {
    begin(request, reply, server);
    const isHttp1 = request.raw.httpVersionMajor === 1; // Node answers 0.9 too, which has neither status nor headers
    done(isHttp1 ? undefined : new RequestError('REQUEST_MALFORMED', 'This is not HTTP/1.1.'));
  });
  const { allowedHosts: hosts } = settings;
  if (hosts !== undefined) app.addHook('onRequest', allowedHosts({ hosts, healthPath: settings.healthPath }));
  if (settings.corsOrigin.length > 0) await app.register(cors, corsOptions(settings.corsOrigin));
  app.addHook('onRequest', (request, _reply, done) => {
    const { method } = request;
    if (!isOpen({ method, route: request.routeOptions.url }, settings)) authorise(request.headers, server.job.apiKeys);
    done();
  });
  app.addHook('onSend', async (request, reply, payload) => {
    void reply.header('server-timing', request.call.timing);
    if (!(payload instanceof Readable)) request.call.beginSending(); // lines are known one by one
    return payload;
  });
  app.addHook('onSend', compressed);
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerError(notFound(app, request), request, reply));
  for (const register of ROUTES) register(app, server);
  addHealthPath(app, server);
  return app;
}

/** HTTP or HTTPS, with its limits. */
async function transportOf(settings: Server['job']['settings']): Promise<FastifyHttpOptions<HttpServer>> {
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

function begin(request: FastifyRequest, reply: FastifyReply, server: Server): void {
  server.connections.began({ request: request.raw, response: reply.raw });
  void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
  request.call = new Call(reply.raw, (call) => {
    const route = request.routeOptions.url ?? 'unknown';
    const status = call.failure === 'CLIENT_GONE' ? FAILURES.CLIENT_GONE.httpStatus : reply.raw.statusCode;
    countCall(server.metrics, call, { route, status });
    const line = {
      method: request.method,
      route, // not the URL, which holds whatever the client wrote
      status,
      ms: Math.round(performance.now() - call.started),
      ...(call.failure === undefined ? {} : { code: call.failure }),
      ...Object.fromEntries([...call.times].map(([stage, ms]) => [`${stage}_ms`, Math.round(ms * 10) / 10])),
    };
    const isLook = ['GET', 'HEAD'].includes(request.method) && call.failure === undefined;
    if (isLook) request.log.debug(line, 'answered');
    else request.log.info(line, 'answered');
  });
}

function refuse(error: NodeJS.ErrnoException, socket: Socket, server: Server): void {
  const refusal = server.connections.refuse(error, socket);
  if (refusal === undefined) return;
  const { status, code, request_id } = refusal;
  countRefusal(server.metrics, refusal);
  server.job.log.info({ request_id, route: 'unknown', status, code }, 'refused');
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { body, headers } = problemOf(error, request.id);
  logOwnFault(error, request.log);
  const { call } = request;
  call.failure ??= namedError(error).code;
  linger(request.raw, reply.raw);
  void reply.code(body.status).headers(headers);
  const { errorBody } = request.routeOptions.config;
  if (errorBody !== undefined) return reply.type('application/json').send(JSON.stringify(errorBody(body)));
  return reply.type(PROBLEM_TYPE).send(JSON.stringify(body));
}

function notFound(app: FastifyInstance, request: FastifyRequest): RequestError {
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
