import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PredictOptions } from '../../../config/predict-schema.js';
import { decodeBase64 } from '../../request/content/base64.js';
import { readBase64Field, type IncomingImage } from '../../request/incoming-image.js';
import { parseJson } from '../../request/json.js';
import type { Prediction } from '../../request/predict.js';
import { invalidRequestError, validate } from '../../request/content/validate.js';
import type { Received } from '../../request/readers.js';
import { cutTensors, JSON_LENGTH_HEADER, readElements, splitBody, toBinary } from './binary.js';

/** Tensors as the Open Inference Protocol describes them; -1 is any length. */
export const INPUTS = [{ name: 'image', datatype: 'BYTES', shape: [-1] }] as const;
export const OUTPUTS = [
  { name: 'boxes', datatype: 'FP32', shape: [-1, 4] },
  { name: 'scores', datatype: 'FP32', shape: [-1] },
  { name: 'labels', datatype: 'BYTES', shape: [-1] },
  { name: 'image_index', datatype: 'INT32', shape: [-1] },
] as const;

export const OUTPUT_NAMES = OUTPUTS.map(({ name }) => name);

export type OutputName = (typeof OUTPUTS)[number]['name'];

/** The images: in JSON as base64 text, nested as the shape is; or as bytes after the JSON, see `binary.ts`. */
const ImageTensor = z.object({
  name: z.string().refine((name) => name === 'image', { error: 'must be "image", the one input of the model' }),
  datatype: z.string().refine((type) => type === 'BYTES', { error: 'must be BYTES, an encoded image in each element' }),
  shape: z.array(z.int().min(1)),
  data: z.preprocess(flatten, z.array(z.string().min(1)).min(1).optional()),
  parameters: z
    .looseObject({})
    .refine((parameters) => !Object.hasOwn(parameters, 'shared_memory_region'), {
      path: ['shared_memory_region'],
      error: 'is not supported: send the tensor in the request',
    })
    .nullish(),
});

const RequestedOutput = z.object({
  name: z.enum(OUTPUT_NAMES),
  parameters: z.object({ binary_data: z.boolean().nullish() }).nullish(),
});

/** The fields that are used of a request; unknown parameters, such as Triton's own, are ignored. */
const InferRequest = z.object({
  id: z.string().max(200).nullish(),
  parameters: z.object({ ...PredictOptions.shape, binary_data_output: z.boolean().nullish() }).nullish(),
  inputs: z.array(ImageTensor).min(1),
  outputs: z.array(RequestedOutput).nullish(),
});

/** An output that is wanted, as JSON or as bytes after the JSON. */
export interface WantedOutput {
  readonly name: OutputName;
  readonly isBinary: boolean;
}

/** A request for an inference, read and validated. */
interface ReceivedInference extends Received {
  readonly id: string | undefined; // as the client calls it
  readonly wanted: readonly WantedOutput[];
}

/**
 * Reads a request: JSON, or JSON followed by binary tensors. Several inputs are one list of images.
 *
 * @throws RequestError REQUEST_MALFORMED, REQUEST_INVALID
 */
export function readInferRequest(body: Buffer, { headers }: FastifyRequest, maxImages: number): ReceivedInference {
  const { json, binary } = splitBody(body, headers[JSON_LENGTH_HEADER]);
  const given = parseJson(json);
  const tensors = cutTensors(given, binary);
  const { id, parameters, inputs, outputs } = validate(InferRequest, given);
  const { binary_data_output, ...options } = parameters ?? {};
  const counts = inputs.map(({ shape }) => shape.reduce((product, side) => product * side, 1));
  const count = counts.reduce((sum, each) => sum + each, 0);
  if (count > maxImages) {
    const detail = `It has ${count} images, more than the ${maxImages} allowed.`;
    throw invalidRequestError([{ pointer: '/inputs', detail }]);
  }
  const images = inputs.flatMap(({ data }, i) => readImages({ data, tensor: tensors[i], count: counts[i]! }, i));
  const names = outputs ?? OUTPUT_NAMES.filter((name) => name !== 'image_index' || count > 1).map(nameOnly);
  return {
    id: id ?? undefined,
    wanted: names.map(({ name, parameters: own }) => {
      return { name, isBinary: own?.binary_data ?? binary_data_output ?? false };
    }),
    images: images.map((image, i) => ({ name: `image ${i}`, ...image })),
    options,
  };
}

function nameOnly(name: OutputName): z.output<typeof RequestedOutput> {
  return { name };
}

/** The images of one input. @throws RequestError when there are not as many as its shape has elements */
function readImages(
  { data, tensor, count }: { data: readonly string[] | undefined; tensor: Buffer | undefined; count: number },
  input: number,
): Pick<IncomingImage, 'load'>[] {
  const pointer = `/inputs/${input}`;
  if (tensor !== undefined) {
    return readElements(tensor, count, `input ${input}`).map((element, i) => ({
      // eslint-disable-next-line @typescript-eslint/require-await -- what is thrown becomes a rejection
      load: async () => (isText(element) ? decodeBase64(element.toString(), `${pointer}, element ${i}`) : element),
    }));
  }
  if (data === undefined) throw invalidRequestError([{ pointer: `${pointer}/data`, detail: 'It is missing.' }]);
  if (data.length !== count) {
    const detail = `It has ${count} elements, but data has ${data.length}.`;
    throw invalidRequestError([{ pointer: `${pointer}/shape`, detail }]);
  }
  return data.map((text, i) => readBase64Field(text, `${pointer}/data/${i}`));
}

/** Whether an element is base64 or a data: URL, as in JSON; no file of an image begins like that. */
function isText(element: Buffer): boolean {
  const head = element.toString('latin1', 0, 64);
  return head.startsWith('data:') || /^[\w+/=\s-]+$/.test(head);
}

/** The answer to a request. */
export interface Inference {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
}

/**
 * The boxes of all images, one after the other; `image_index` is the image of each box.
 *
 * @returns The JSON of the answer, and the bytes that follow it, if any output is binary
 */
export function writeInference(
  inference: Inference,
  predictions: readonly Prediction[],
  wanted: readonly WantedOutput[],
): { readonly json: object; readonly binary: readonly Buffer[] } {
  const all = {
    boxes: predictions.flatMap(({ boxes }) => boxes.flat()),
    scores: predictions.flatMap(({ scores }) => scores),
    labels: predictions.flatMap(({ labels }) => labels),
    image_index: predictions.flatMap(({ boxes }, i) => boxes.map(() => i)),
  };
  const count = all.labels.length;
  const binary: Buffer[] = [];
  const outputs = wanted.map(({ name, isBinary }) => {
    const { datatype, shape } = OUTPUTS.find((output) => output.name === name)!;
    const head = { name, datatype, shape: shape.map((side) => (side === -1 ? count : side)) };
    if (!isBinary) return { ...head, data: all[name] };
    const bytes = toBinary(datatype, all[name]);
    binary.push(bytes);
    return { ...head, parameters: { binary_data_size: bytes.length } };
  });
  return { json: { ...inference, outputs }, binary };
}

function flatten(data: unknown): unknown {
  return Array.isArray(data) ? data.flat(Infinity) : data;
}
