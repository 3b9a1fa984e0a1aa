import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PredictOptions } from '../../../config/predict-schema.js';
import { readBase64Field } from '../../request/incoming-image.js';
import { parseJson } from '../../request/json.js';
import type { Prediction } from '../../request/predict.js';
import { invalidRequestError, validate, type Received } from '../../request/readers.js';
import { RequestError } from '../../http/request-error.js';

/** Tensors as the Open Inference Protocol describes them; -1 is any length. */
export const INPUTS = [{ name: 'image', datatype: 'BYTES', shape: [-1] }] as const;
export const OUTPUTS = [
  { name: 'boxes', datatype: 'FP32', shape: [-1, 4] },
  { name: 'scores', datatype: 'FP32', shape: [-1] },
  { name: 'labels', datatype: 'BYTES', shape: [-1] },
  { name: 'image_index', datatype: 'INT32', shape: [-1] },
] as const;

const OUTPUT_NAMES = OUTPUTS.map(({ name }) => name);

export type OutputName = (typeof OUTPUTS)[number]['name'];

/** The images as base64 text. Data may be nested as its shape is. */
const ImageTensor = z
  .object({
    name: z.literal('image'),
    datatype: z.literal('BYTES'),
    shape: z.array(z.int().min(1)),
    data: z.preprocess(flatten, z.array(z.string().min(1)).min(1)),
  })
  .refine(({ shape, data }) => shape.reduce((product, side) => product * side, 1) === data.length, {
    path: ['shape'],
    error: 'does not match the number of images in data',
  });

/** The fields that are used of a request; unknown parameters, such as Triton's own, are ignored. */
const InferRequest = z.object({
  id: z.string().max(200).nullish(),
  parameters: z.object(PredictOptions.shape).nullish(),
  inputs: z.array(ImageTensor).min(1).max(1),
  outputs: z.array(z.object({ name: z.enum(OUTPUT_NAMES) })).nullish(),
});

/** A request for an inference, read and validated. */
interface ReceivedInference extends Received {
  readonly id: string | undefined; // as the client calls it
  readonly wanted: readonly OutputName[];
}

/** Reads the JSON of a request. @throws RequestError MEDIA_TYPE_UNSUPPORTED when tensors follow it as bytes */
export function readInferRequest(body: Buffer, { headers }: FastifyRequest, maxImages: number): ReceivedInference {
  if (headers['inference-header-content-length'] !== undefined) {
    const advice = 'send the images as base64 text in JSON (binary_data=False in clients for Python)';
    throw new RequestError('MEDIA_TYPE_UNSUPPORTED', `Binary tensors are not read here; ${advice}.`);
  }
  const { id, parameters, inputs, outputs } = validate(InferRequest, parseJson(body));
  const { data } = inputs[0]!;
  if (data.length > maxImages) {
    const detail = `It has ${data.length} images, more than the ${maxImages} allowed.`;
    throw invalidRequestError([{ pointer: '/inputs/0/data', detail }]);
  }
  return {
    id: id ?? undefined,
    wanted:
      outputs?.map(({ name }) => name) ?? OUTPUT_NAMES.filter((name) => name !== 'image_index' || data.length > 1),
    images: data.map((text, i) => ({ name: `image ${i}`, ...readBase64Field(text, `/inputs/0/data/${i}`) })),
    options: parameters ?? {},
  };
}

/** The boxes of all images, one after the other; `image_index` is the image of each box. */
export function toTensors(predictions: readonly Prediction[], wanted: readonly OutputName[]) {
  const data = {
    boxes: predictions.flatMap(({ boxes }) => boxes.flat()),
    scores: predictions.flatMap(({ scores }) => scores),
    labels: predictions.flatMap(({ labels }) => labels),
    image_index: predictions.flatMap(({ boxes }, i) => boxes.map(() => i)),
  };
  const count = data.labels.length;
  const tensors = OUTPUTS.map(({ name, datatype, shape }) => {
    return { name, datatype, shape: shape.map((side) => (side === -1 ? count : side)), data: data[name] };
  });
  return wanted.map((name) => tensors.find((tensor) => tensor.name === name)!);
}

function flatten(data: unknown): unknown {
  return Array.isArray(data) ? data.flat(Infinity) : data;
}
