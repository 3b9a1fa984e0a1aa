import { describeRoute, JSON_BODY, PREDICTION_ERRORS } from '../../http/operation.js';

const NAME = { name: 'name', in: 'path', required: true, description: 'preannotate', schema: { type: 'string' } };
const INVOCATION = { errors: PREDICTION_ERRORS, requestBody: JSON_BODY };

/** The routes of CVAT in /openapi.json; what is in the bodies is documented by CVAT and Nuclio. */
export const OPERATIONS = {
  functions: describeRoute('CVAT: the functions that Nuclio has, which is one'),
  function: describeRoute('CVAT: that function, "preannotate"', { parameters: [NAME] }),
  invoke: describeRoute('CVAT: annotate a frame; x-nuclio-function-name is the name of the function', INVOCATION),
  invokeDirectly: describeRoute('CVAT: the same, without a dashboard between', INVOCATION),
};
