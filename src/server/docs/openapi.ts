import {
  BatchAnswer,
  BatchItemAnswer,
  BatchRequest,
  PredictAnswer,
  PredictRequest,
  ProblemAnswer,
} from '../../config/predict-schema.js';
import type { ApiKeys } from '../../http/auth.js';
import { toJsonSchema, type Json, type Operation } from '../../http/operation.js';
import type { DescribedRoute } from '../../http/route-config.js';
import { INFO } from './info-schema.js';

export interface OpenApi {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly description: string;
    readonly license: Json;
  };
  readonly servers: readonly Json[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly security: readonly Json[]; // alternatives
  readonly components: Json;
}

/** The document of /openapi.json: the routes' own descriptions, and the schemas that validate requests. */
export function describeApi(
  { version, apiKeys }: { readonly version: string; readonly apiKeys: ApiKeys },
  routes: readonly DescribedRoute[],
): OpenApi {
  return {
    openapi: '3.1.0',
    info: {
      title: 'preannotate',
      version,
      description: 'Finds what text prompts describe in images (OWL-ViT, OWLv2), as boxes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '.', description: 'Where this document is' }],
    paths: groupByPath(routes),
    security: apiKeys.length === 0 ? [] : [{ bearer: [] }, { apiKey: [] }, { basic: [] }],
    components: {
      schemas: {
        PredictRequest: toJsonSchema(PredictRequest, 'input'),
        BatchRequest: toJsonSchema(BatchRequest, 'input'),
        PredictAnswer: toJsonSchema(PredictAnswer, 'output'),
        BatchAnswer: toJsonSchema(BatchAnswer, 'output'),
        BatchItemAnswer: toJsonSchema(BatchItemAnswer, 'output'),
        Problem: toJsonSchema(ProblemAnswer, 'output'),
        Info: INFO,
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user; the key as password' },
      },
    },
  };
}

function groupByPath(routes: readonly DescribedRoute[]): OpenApi['paths'] {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const { method, path, operation } of routes) (paths[path] ??= {})[method] = operation;
  return paths;
}
