import { describeRoute, JSON_BODY, PREDICTION_ERRORS } from '../../http/operation.js';

const MODEL = { name: 'model', in: 'path', required: true, description: 'preannotate', schema: { type: 'string' } };

/** The routes of KServe in /openapi.json; what is in the bodies is documented by the Open Inference Protocol. */
export const OPERATIONS = {
  server: describeRoute('KServe: the server'),
  live: describeRoute('KServe: the process answers'),
  ready: describeRoute('KServe: a request would be admitted now (503 if not)'),
  model: describeRoute('KServe: inputs and outputs of the model, "preannotate"', { parameters: [MODEL] }),
  modelReady: describeRoute('KServe: the model is open (503 if not)', { parameters: [MODEL] }),
  config: describeRoute('KServe: the model as Triton configures one', { parameters: [MODEL] }),
  index: describeRoute('KServe: the models there are, which is one, and whether it is ready'),
  infer: describeRoute('KServe: annotate images, a BYTES tensor "image" of base64', {
    description:
      'Gives boxes (FP32, [n, 4]), scores (FP32, [n]), labels (BYTES, [n]) and, of several images, image_index ' +
      '(INT32, [n]). Errors are {"error": "…"}.',
    errors: PREDICTION_ERRORS,
    parameters: [MODEL],
    requestBody: JSON_BODY,
  }),
};
