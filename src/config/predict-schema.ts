import { z } from 'zod';
import { messageOf, type FailureCode } from '../core/errors.js';
import { toInputSchema } from './json-schema.js';
import { AnyOntology } from './ontology/schema.js';
import { parseYaml } from './yaml.js';
import { selectionFields } from './options/selection.js';

/** The forms of requests and answers: the one source of validation, of /openapi.json and of /docs. */

/**
 * Which detections are answered. What is left out is as the server was started. Also fields of a form and of a query
 * string.
 */
export const PredictOptions = z.strictObject({
  ontology: z
    .exactOptional(ontologyField())
    .describe('What to find instead of the server’s ontology: as in YAML, in full form or as prompt: class'),
  ...selectionFields,
});

const MAX_URL_CHARACTERS = 8192;

const imageFields = {
  image_base64: z
    .exactOptional(z.string().min(1))
    .describe('The encoded image (JPEG, PNG, WebP, TIFF, GIF, AVIF, BMP) in base64, or as a data: URL')
    .meta({ contentEncoding: 'base64' }),
  image_url: z
    .exactOptional(
      z
        .string()
        .min(1)
        .refine(isShortUrl, { error: `has more than ${MAX_URL_CHARACTERS} characters` }),
    )
    .describe('URL from which the server fetches the image; or a data: URL, which holds it'),
};

/** JSON body of /predict. */
export const PredictRequest = z
  .strictObject({ ...imageFields, ...PredictOptions.shape })
  .refine(hasOneImage, { error: describeImageCount });

/** One image of a JSON body of /predict/batch. */
export const BatchItem = z
  .strictObject({
    id: z.exactOptional(z.string().max(200)).describe('Returned with the answer for this image'),
    ...imageFields,
  })
  .refine(hasOneImage, { error: describeImageCount });

/** JSON body of /predict/batch. */
export const BatchRequest = z.strictObject({
  images: z.array(BatchItem).min(1).describe('The images; if one fails, the others are answered'),
  ...PredictOptions.shape,
});

/** Boxes of one image; entry i of each list is about box i. */
const prediction = {
  boxes: z
    .array(z.tuple([z.number(), z.number(), z.number(), z.number()]))
    .describe('x1, y1, x2, y2 in pixels of the upright image, best score first'),
  scores: z.array(z.number().min(0).max(1)),
  labels: z.array(z.string()).describe('Class names of the ontology'),
  prompts: z.array(z.string()).describe('The prompt of the class that found the box'),
  width: z.int().describe('Of the upright image, in pixels'),
  height: z.int(),
  degraded: z.exactOptional(z.string()).describe('What is wrong with the file: a part of the image may be lost'),
};

const modelName = z.string().describe('The model, as the server was started');
const requestId = z.string().describe('As in the X-Request-Id header');

export const PredictAnswer = z.strictObject({ ...prediction, model: modelName, request_id: requestId });

/** application/problem+json, RFC 9457. */
export const ProblemAnswer = z.strictObject({
  type: z.string().describe('about:blank; see code'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string().describe('Stable name of the problem, such as QUEUE_FULL'),
  hint: z.exactOptional(z.string()).describe('How to fix it'),
  request_id: requestId,
  errors: z
    .exactOptional(z.array(z.strictObject({ pointer: z.string(), detail: z.string() })))
    .describe('Fields that are wrong, by JSON pointer'),
});

const place = {
  index: z.int().min(0).describe('Place of the image in the request'),
  id: z.exactOptional(z.string()),
  status: z.int().describe('The status that /predict would answer for this image alone'),
};

/** The answer for one image of a batch; also one line of application/x-ndjson. */
export const BatchItemAnswer = z.union([
  z.strictObject({ ...place, ...prediction }),
  z.strictObject({ ...place, error: ProblemAnswer }),
]);

export const BatchAnswer = z.strictObject({
  results: z.array(BatchItemAnswer).describe('In the order of the request'),
  model: modelName,
  request_id: requestId,
});

export type PredictOptions = z.output<typeof PredictOptions>;
export type PredictAnswer = z.output<typeof PredictAnswer>;
export type BatchItemAnswer = z.output<typeof BatchItemAnswer>;

/** The schema leaves the code open: a client is not to break when there is one more. */
export type ProblemAnswer = Omit<z.output<typeof ProblemAnswer>, 'code'> & { readonly code: FailureCode };

/** Far more than an ontology for requests may hold; YAML takes long to parse. */
const MAX_YAML_CHARACTERS = 50_000;

/**
 * A mapping; in forms and query strings, JSON or YAML text of one. Its content is read by `ontology.ts`, for better
 * messages.
 */
function ontologyField() {
  const read = (given: unknown, context: z.RefinementCtx): unknown => {
    if (typeof given !== 'string') return given;
    const isJson = /^\s*[{[]/.test(given.slice(0, 100));
    try {
      if (isJson) return JSON.parse(given) as unknown;
    } catch {
      // flow style of YAML may look like JSON
    }
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message, input: given });
      return z.NEVER;
    };
    if (given.length > MAX_YAML_CHARACTERS) return refuse(`is longer than ${MAX_YAML_CHARACTERS} characters of YAML`);
    try {
      return parseYaml(given, { name: 'ontology', code: 'ONTOLOGY_INVALID' }).value;
    } catch (error) {
      return refuse(`is neither JSON nor YAML: ${messageOf(error).replace(/\.$/, '')}`);
    }
  };
  const schema = toInputSchema(AnyOntology, { target: 'draft-2020-12', alternatives: true });
  return z.preprocess(read, z.record(z.string(), z.unknown()).meta(schema));
}

/** A data: URL is as long as its image. */
function isShortUrl(url: string): boolean {
  return url.length <= MAX_URL_CHARACTERS || /^\s*data:/i.test(url.slice(0, 30));
}

/** Completes "The body" or "It". */
function describeImageCount({ input }: { readonly input?: unknown }): string {
  const { image_base64 } = input as { image_base64?: string };
  return image_base64 === undefined
    ? 'has no image: give image_base64 or image_url'
    : 'has both image_base64 and image_url: give one of them';
}

function hasOneImage({ image_base64, image_url }: { image_base64?: string; image_url?: string }): boolean {
  return (image_base64 === undefined) !== (image_url === undefined);
}
