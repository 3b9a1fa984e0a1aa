import {
  arrayOf,
  BOOLEAN,
  describeRoute,
  INTEGER,
  NAMED_ERRORS,
  NUMBER,
  objectOf,
  TEXT,
  type Json,
} from '../../../http/operation.js';
import { OUTPUT_NAMES, OUTPUTS } from './tensors.js';

const MODEL = { name: 'model', in: 'path', required: true, description: 'preannotate', schema: TEXT };
const TENSOR = objectOf({ name: TEXT, datatype: TEXT, shape: arrayOf(INTEGER) });
const READINESS = { ready: BOOLEAN, 'error?': TEXT };

/** The protocol's errors, here and below. */
const problem: Json = { 'application/json': { schema: objectOf({ error: TEXT }) } };
const errors = [400, 401];
const ofModel = { parameters: [MODEL], errors: [...errors, 404], problem };

/** What is used of a request; the images are base64. */
const INFER_REQUEST = objectOf({
  'id?': TEXT,
  'parameters?': { type: 'object', description: 'Options of /predict, such as score_threshold' },
  inputs: arrayOf(
    objectOf({
      name: { const: 'image' },
      datatype: { const: 'BYTES' },
      shape: arrayOf(INTEGER),
      'data?': arrayOf(TEXT), // or bytes after the JSON
    }),
  ),
  'outputs?': arrayOf(objectOf({ name: { enum: OUTPUT_NAMES } })),
});

const INFER_ANSWER = objectOf({
  model_name: TEXT,
  model_version: TEXT,
  id: TEXT,
  outputs: arrayOf(
    objectOf({
      name: { enum: OUTPUT_NAMES },
      datatype: { enum: [...new Set(OUTPUTS.map(({ datatype }) => datatype))] },
      shape: arrayOf(INTEGER),
      'data?': { type: 'array', items: { anyOf: [NUMBER, TEXT] } },
    }),
  ),
});

/** The routes of KServe in /openapi.json; the Open Inference Protocol documents their bodies further. */
export const OPERATIONS = {
  server: describeRoute('KServe: the server', {
    answer: objectOf({ name: TEXT, version: TEXT, extensions: arrayOf(TEXT) }),
    errors,
    problem,
  }),
  live: describeRoute('KServe: the process answers', { answer: objectOf({ live: BOOLEAN }) }),
  ready: describeRoute('KServe: a request would be admitted now (503 if not)', {
    answer: objectOf(READINESS),
    unready: 'A request would be refused now',
  }),
  model: describeRoute('KServe: inputs and outputs of the model, "preannotate"', {
    answer: objectOf({
      name: TEXT,
      versions: arrayOf(TEXT),
      platform: TEXT,
      inputs: arrayOf(TENSOR),
      outputs: arrayOf(TENSOR),
    }),
    ...ofModel,
  }),
  modelReady: describeRoute('KServe: the model is open (503 if not)', {
    answer: objectOf({ name: TEXT, ...READINESS }),
    unready: 'It is not open, or a request would be refused now',
    ...ofModel,
  }),
  config: describeRoute('KServe: the model as Triton configures one', {
    answer: objectOf({ name: TEXT, platform: TEXT, max_batch_size: INTEGER }),
    ...ofModel,
  }),
  index: describeRoute('KServe: the models there are, which is one, and whether it is ready', {
    answer: arrayOf(objectOf({ name: TEXT, version: TEXT, state: TEXT, reason: TEXT })),
    errors,
    problem,
  }),
  infer: describeRoute('KServe: annotate images, a BYTES tensor "image" of base64', {
    description:
      'Gives boxes (FP32, [n, 4]), scores (FP32, [n]), labels (BYTES, [n]) and, of several images, image_index ' +
      '(INT32, [n]). Errors are {"error": "…"}.',
    parameters: [MODEL],
    requestBody: { required: true, content: { 'application/json': { schema: INFER_REQUEST } } },
    answer: INFER_ANSWER,
    errors: NAMED_ERRORS,
    problem,
  }),
};
