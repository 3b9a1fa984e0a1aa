import {
  arrayOf,
  describeRoute,
  NAMED_ERRORS,
  NUMBER,
  objectOf,
  PREDICTION_ERRORS,
  TEXT,
  INTEGER,
} from '../../../http/operation.js';

const NAME = { name: 'name', in: 'path', required: true, description: 'preannotate', schema: { type: 'string' } };
const CALL = objectOf({ image: { ...TEXT, description: 'In base64' }, 'threshold?': NUMBER });
const INVOCATION = {
  requestBody: { required: true, content: { 'application/json': { schema: CALL } } },
  answer: arrayOf(objectOf({ confidence: TEXT, label: TEXT, points: arrayOf(NUMBER), type: { const: 'rectangle' } })),
};
const FUNCTION = objectOf({
  metadata: objectOf({ name: TEXT, annotations: { type: 'object', additionalProperties: TEXT } }),
  spec: objectOf({ description: TEXT }),
  status: objectOf({ state: TEXT, 'httpPort?': INTEGER }),
});
const FUNCTION_NAME = {
  name: 'x-nuclio-function-name',
  in: 'header',
  required: true,
  description: 'preannotate',
  schema: TEXT,
};

/** The routes of CVAT in /openapi.json; what is in the bodies is documented by CVAT and Nuclio. */
export const OPERATIONS = {
  functions: describeRoute('CVAT: the functions that Nuclio has, which is one', {
    answer: { type: 'object', additionalProperties: FUNCTION },
    errors: [400, 401],
  }),
  function: describeRoute('CVAT: that function, "preannotate"', {
    parameters: [NAME],
    answer: FUNCTION,
    errors: [400, 401, 404],
  }),
  invoke: describeRoute('CVAT: annotate a frame; x-nuclio-function-name is the name of the function', {
    ...INVOCATION,
    parameters: [FUNCTION_NAME],
    errors: NAMED_ERRORS,
  }),
  invokeDirectly: describeRoute('CVAT: the same, without a dashboard between', {
    ...INVOCATION,
    errors: PREDICTION_ERRORS,
  }),
};
