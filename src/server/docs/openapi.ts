import { z } from 'zod';
import {
  BatchAnswer,
  BatchItemAnswer,
  BatchRequest,
  PredictAnswer,
  PredictOptions,
  PredictRequest,
  ProblemAnswer,
} from '../../config/predict-schema.js';
import { FAILURES } from '../../core/errors.js';
import { compatPaths } from './openapi-compat.js';
import { NDJSON } from '../http/json-lines.js';
import { PROBLEM_TYPE } from '../http/problem-details.js';
import type { ServeJob } from '../server.js';

type Json = Record<string, unknown>;

export interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly requestBody?: Json;
  readonly parameters?: readonly Json[];
  readonly responses: Readonly<Record<string, Json>>;
}

export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly security: readonly Json[]; // one of them is needed
  readonly components: Json;
}

/** The failures that a request may be answered with. */
const DOCUMENTED = Object.entries(FAILURES).filter(([, { openApi }]) => openApi !== null);

/** The statuses that a request for a prediction may be answered with, when it is not answered with one. */
const REFUSALS = [...new Set(DOCUMENTED.map(([, { httpStatus }]) => httpStatus))];

/** The interface, described from the schemas that validate it. */
export function describeApi({
  version,
  settings,
  apiKeys,
}: Pick<ServeJob, 'version' | 'settings' | 'apiKeys'>): OpenApi {
  return {
    openapi: '3.1.0',
    info: {
      title: 'preannotate',
      version,
      description: 'Finds what text prompts describe in images (OWL-ViT, OWLv2), as boxes.',
    },
    paths: {
      ...predictPaths(),
      ...otherPaths(settings),
      ...compatPaths(settings.compat, problems(REFUSALS)),
    },
    security: apiKeys.length === 0 ? [] : [{ bearer: [] }, { apiKey: [] }, { basic: [] }],
    components: {
      schemas: {
        PredictRequest: requestSchema(PredictRequest),
        BatchRequest: requestSchema(BatchRequest),
        PredictAnswer: answerSchema(PredictAnswer),
        BatchAnswer: answerSchema(BatchAnswer),
        BatchItemAnswer: answerSchema(BatchItemAnswer),
        Problem: answerSchema(ProblemAnswer),
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        basic: { type: 'http', scheme: 'basic', description: 'Any user; the key as password' },
      },
    },
  };
}

function predictPaths(): OpenApi['paths'] {
  const file = { type: 'string', contentMediaType: 'application/octet-stream' };
  const raw = { schema: file };
  const form = (image: Json) => ({
    schema: { type: 'object', required: ['image'], properties: { image, ...optionSchemas() } },
  });
  return {
    '/predict': {
      post: {
        summary: 'Annotate one image',
        description:
          'The image as JSON, as field "image" of a form, or as it is. Options of the body count before those of the query string.',
        parameters: [...optionParameters(), deadlineParameter],
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: reference('PredictRequest') },
            'multipart/form-data': form(file),
            'image/*': raw,
            'application/octet-stream': raw,
          },
        },
        responses: { 200: json('The boxes', 'PredictAnswer'), ...problems(REFUSALS) },
      },
    },
    '/predict/batch': {
      post: {
        summary: 'Annotate several images',
        description: `Each image is answered for itself. With Accept: ${NDJSON} a line each, as they finish.`,
        parameters: [...optionParameters(), deadlineParameter],
        requestBody: {
          required: true,
          content: {
            'application/json': { schema: reference('BatchRequest') },
            'multipart/form-data': form({ type: 'array', items: file }),
          },
        },
        responses: {
          200: {
            description: 'What became of each image',
            content: {
              'application/json': { schema: reference('BatchAnswer') },
              [NDJSON]: { schema: reference('BatchItemAnswer') },
            },
          },
          ...problems(REFUSALS),
        },
      },
    },
  };
}

function otherPaths({ healthPath, metrics }: ServeJob['settings']): OpenApi['paths'] {
  const get = (summary: string, type: string, more: number[] = []) => ({
    get: { summary, responses: { 200: { description: summary, content: { [type]: {} } }, ...problems(more) } },
  });
  const text = 'text/plain';
  return {
    [healthPath]: get('ok, or not ready (503), as plain text', text),
    '/livez': get('The process answers', 'application/json'),
    '/readyz': get('Whether a request would be taken now, and why not (503)', 'application/json'),
    '/ready': get('The same', 'application/json'),
    '/startupz': get('Whether the model is open (503 until then)', 'application/json'),
    '/info': get('Model, classes, limits', 'application/json', [401, 503]),
    ...(metrics === 'off' ? {} : { '/metrics': get('Metrics for Prometheus', text, [401]) }),
    '/openapi.json': get('This description', 'application/json', [401]),
    '/docs': get('This description, for people', 'text/html', [401]),
  };
}

const deadlineParameter: Json = {
  name: 'X-Request-Timeout-Ms',
  in: 'header',
  description: 'Answer 504 after so many milliseconds; not longer than the server allows',
  schema: { type: 'number', exclusiveMinimum: 0 },
};

function optionSchemas(): Json {
  return requestSchema(PredictOptions)['properties'] as Json;
}

/** The options, in the query string. */
function optionParameters(): Json[] {
  return Object.entries(optionSchemas() as Record<string, Json>).map(([name, schema]) => {
    const { description } = schema;
    const isMapping = schema['type'] === 'object';
    return {
      name,
      in: 'query',
      description,
      ...(isMapping ? { content: { 'application/json': { schema } } } : { schema }),
    };
  });
}

function problems(statuses: readonly number[]): Record<string, Json> {
  return Object.fromEntries(statuses.map((status) => [status, problem(status)]));
}

function problem(status: number): Json {
  const failures = DOCUMENTED.filter(([, { httpStatus }]) => httpStatus === status);
  return {
    description: failures.map(([code, { openApi }]) => `${code} (${openApi})`).join(', '),
    content: { [PROBLEM_TYPE]: { schema: reference('Problem') } },
  };
}

function json(description: string, name: string): Json {
  return { description, content: { 'application/json': { schema: reference(name) } } };
}

function reference(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

function requestSchema(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { io: 'input' }));
}

function answerSchema(schema: z.ZodType): Json {
  return withoutDialect(z.toJSONSchema(schema, { io: 'output' }));
}

/** OpenAPI 3.1 names the dialect once for all. */
function withoutDialect({ $schema: _, ...schema }: Json): Json {
  return schema;
}
