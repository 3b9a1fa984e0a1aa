import type { FastifyInstance } from 'fastify';
import type { ProblemAnswer } from '../../config/predict-schema.js';
import type { Operation } from './operation.js';

declare module 'fastify' {
  /** How the hooks of `app.ts` treat a route. */
  interface FastifyContextConfig {
    /** Its description in /openapi.json. Every route has one, or is left out explicitly. */
    operation?: Operation | 'undocumented';
    /** It needs no API key. A `probe` of an orchestrator may also use any host name. Only GET routes have this. */
    access?: 'probe' | 'public';
  }
}

/** The form of errors, where another protocol prescribes one. */
export type ErrorBody = (problem: ProblemAnswer) => object;

/** A route as /openapi.json lists it. */
export interface DescribedRoute {
  readonly method: string;
  readonly path: string; // with {parameters}
  readonly operation: Operation;
}

/**
 * Collects the descriptions of all routes that are registered from now on, so that /openapi.json lists what there is.
 *
 * @throws Error, on registration, for a route without a description
 */
export function collectRoutes(app: FastifyInstance): readonly DescribedRoute[] {
  const routes: DescribedRoute[] = [];
  app.addHook('onRoute', ({ method, url, config }) => {
    if (method !== 'GET' && method !== 'POST') return; // Fastify adds HEAD to every GET, and CORS adds OPTIONS
    const operation = config?.operation;
    if (operation === undefined) throw new Error(`${method} ${url} has no OpenAPI description. This is a bug.`);
    if (operation === 'undocumented') return;
    routes.push({ method: method.toLowerCase(), path: url.replaceAll(/:(\w+)/g, '{$1}'), operation });
  });
  return routes;
}
