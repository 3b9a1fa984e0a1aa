import type { FastifyInstance } from 'fastify';
import type { ProblemAnswer } from '../config/predict-schema.js';
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
    const path = url.replaceAll(/:(\w+)/g, '{$1}');
    const named = { operationId: operationIdOf(method.toLowerCase(), path), ...operation };
    const isPublic = config?.access !== undefined;
    const described = isPublic ? { ...named, security: [] } : named;
    routes.push({ method: method.toLowerCase(), path, operation: described });
  });
  return routes;
}

/** `get /v2/models/{model}/ready` becomes `getV2ModelsModelReady`: stable names for generated clients. */
function operationIdOf(method: string, path: string): string {
  const words = path.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '');
  return (
    method + (words.length === 0 ? ['Root'] : words).map((word) => word[0]!.toUpperCase() + word.slice(1)).join('')
  );
}
