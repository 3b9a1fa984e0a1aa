import type { z } from 'zod';
import type { serveOptions } from '../../config/options/serve.js';
import type { OpenApi, Operation } from './openapi.js';

export type Protocol = z.output<typeof serveOptions.compat>[number];

type Responses = Operation['responses'];

/** Other programs' protocols. Their own documents say what is in the bodies; this says where they are spoken. */
export function compatPaths(spoken: readonly Protocol[], refusals: Responses): OpenApi['paths'] {
  const paths = { 'label-studio': labelStudioPaths, cvat: cvatPaths, kserve: kservePaths, none: () => ({}) };
  return Object.assign({}, ...spoken.map((protocol) => paths[protocol](refusals))) as OpenApi['paths'];
}

function labelStudioPaths(refusals: Responses): OpenApi['paths'] {
  return {
    '/label-studio/health': { get: answering('Label Studio: the ML backend is up, model or not') },
    '/label-studio/setup': {
      post: {
        ...answering('Label Studio: the version of the model for a labelling config', refusals),
        requestBody: jsonBody,
      },
    },
    '/label-studio/predict': {
      post: {
        ...answering('Label Studio: annotate tasks', refusals),
        description:
          'Looks for the labels of the first RectangleLabels whose toName is an Image: by their predicted_values, else by the prompts of the class of that name, else by the name.',
        requestBody: jsonBody,
      },
    },
    '/label-studio/webhook': { post: answering('Label Studio: annotations have changed; nothing is learnt', {}, 201) },
    '/label-studio/train': { post: answering('The same', {}, 201) },
  };
}

function cvatPaths(refusals: Responses): OpenApi['paths'] {
  return {
    '/api/functions': { get: answering('CVAT: the functions that Nuclio has, which is one') },
    '/api/functions/{name}': {
      get: { ...answering('CVAT: that function, "preannotate"'), parameters: [inPath('name')] },
    },
    '/api/function_invocations': {
      post: {
        ...answering('CVAT: annotate a frame; x-nuclio-function-name says by what', refusals),
        requestBody: jsonBody,
      },
    },
    '/': { post: { ...answering('CVAT: the same, without a dashboard between', refusals), requestBody: jsonBody } },
  };
}

function kservePaths(refusals: Responses): OpenApi['paths'] {
  const parameters = [inPath('model')];
  return {
    '/v2': { get: answering('KServe: the server') },
    '/v2/health/live': { get: answering('KServe: the process answers') },
    '/v2/health/ready': { get: answering('KServe: a request would be taken now (503 if not)') },
    '/v2/models/{model}': {
      get: { ...answering('KServe: inputs and outputs of the model, "preannotate"'), parameters },
    },
    '/v2/models/{model}/ready': { get: { ...answering('KServe: the model is open (503 if not)'), parameters } },
    '/v2/models/{model}/infer': {
      post: {
        ...answering('KServe: annotate images, a BYTES tensor "image" of base64', refusals),
        description:
          'Gives boxes (FP32, [n, 4]), scores (FP32, [n]), labels (BYTES, [n]) and, of several images, image_index (INT32, [n]). Errors are {"error": "…"}.',
        parameters,
        requestBody: jsonBody,
      },
    },
  };
}

const jsonBody = { required: true, content: { 'application/json': { schema: { type: 'object' } } } };

function answering(summary: string, refusals: Responses = {}, status = 200): Operation {
  return {
    summary,
    responses: { [status]: { description: summary, content: { 'application/json': {} } }, ...refusals },
  };
}

function inPath(name: string) {
  return { name, in: 'path', required: true, description: 'preannotate', schema: { type: 'string' } };
}
