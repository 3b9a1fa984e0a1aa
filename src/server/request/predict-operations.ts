import { PredictOptions } from '../../config/predict-schema.js';
import {
  describeErrors,
  PREDICTION_ERRORS,
  refTo,
  toJsonSchema,
  type Json,
  type Operation,
} from '../../http/operation.js';
import { NDJSON } from './json-lines.js';

const optionSchemas = toJsonSchema(PredictOptions, 'input')['properties'] as Record<string, Json>;
const FILE = { type: 'string', contentMediaType: 'application/octet-stream' };

const DEADLINE: Json = {
  name: 'X-Request-Timeout-Ms',
  in: 'header',
  description: 'Answer 504 after so many milliseconds; not longer than the server allows',
  schema: { type: 'number', exclusiveMinimum: 0 },
};

/** The options in the query string, and the deadline. */
const PARAMETERS: readonly Json[] = [
  ...Object.entries(optionSchemas).map(([name, schema]) => {
    const { description } = schema;
    const isMapping = schema['type'] === 'object';
    return {
      name,
      in: 'query',
      description,
      ...(isMapping ? { content: { 'application/json': { schema } } } : { schema }),
    };
  }),
  DEADLINE,
];

export const PREDICT: Operation = {
  summary: 'Annotate one image',
  description:
    'The image as JSON, as a file or a field of a form, or as it is; without a type that says which, by its content. ' +
    'Options of the body override those of the query string.',
  parameters: PARAMETERS,
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: refTo('PredictRequest') },
      'multipart/form-data': formWith(FILE),
      'application/x-www-form-urlencoded': { schema: refTo('PredictRequest') },
      'image/*': { schema: FILE },
      'application/octet-stream': { schema: FILE },
    },
  },
  responses: {
    200: { description: 'The boxes', content: { 'application/json': { schema: refTo('PredictAnswer') } } },
    ...describeErrors(PREDICTION_ERRORS),
  },
};

export const PREDICT_BATCH: Operation = {
  summary: 'Annotate several images',
  description: `Each image has its own answer. With Accept: ${NDJSON} each answer is a line, as they finish.`,
  parameters: PARAMETERS,
  requestBody: {
    required: true,
    content: {
      'application/json': { schema: refTo('BatchRequest') },
      'multipart/form-data': formWith({ type: 'array', items: FILE }),
    },
  },
  responses: {
    200: {
      description: 'The boxes of each image, or why it has none',
      content: {
        'application/json': { schema: refTo('BatchAnswer') },
        [NDJSON]: { schema: refTo('BatchItemAnswer') },
      },
    },
    ...describeErrors(PREDICTION_ERRORS),
  },
};

function formWith(image: Json): Json {
  return { schema: { type: 'object', required: ['image'], properties: { image, ...optionSchemas } } };
}
