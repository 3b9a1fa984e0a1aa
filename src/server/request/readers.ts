import type { FastifyRequest } from 'fastify';
import { BatchRequest, PredictOptions, PredictRequest } from '../../config/predict-schema.js';
import { invalidRequestError, validate } from './content/validate.js';
import { readImageFields, type IncomingImage } from './incoming-image.js';
import { parseJson } from './json.js';
import { IMAGE_FIELD, parseForm } from './multipart.js';
import { RequestError } from '../http/request-error.js';

/** A request, read and validated. */
export interface Received {
  readonly images: readonly IncomingImage[];
  readonly options: PredictOptions;
}

/** Reads a body of one media type. */
export type Reader<What extends Received = Received> = (
  body: Buffer,
  request: FastifyRequest,
  maxImages: number,
) => Promise<What> | What;

const MAX_ID_CHARACTERS = 200;

/** One image: as JSON, as field `image` of a form, or as it is. */
export const predictReaders: Readonly<Record<string, Reader>> = {
  'application/json': (body, request) => {
    const { image_base64, image_url, ...options } = validate(PredictRequest, parseJson(body));
    const images = [{ name: 'image', ...readImageFields({ image_base64, image_url }, '') }];
    return { images, options: { ...readQuery(request), ...options } };
  },
  'multipart/form-data': async (body, request) => {
    const { images, options } = await readForm(body, request, 1);
    return { images: images.map(({ id: _, ...image }) => ({ ...image, name: 'image' })), options };
  },
  'image/*': readRaw,
  'application/octet-stream': readRaw,
};

/** Several images: as JSON, or as several fields `image` of a form. */
export const batchReaders: Readonly<Record<string, Reader>> = {
  'application/json': (body, request, maxImages) => {
    const given = parseJson(body);
    const count = imageCountOf(given);
    if (count > maxImages) throw tooManyImagesError(count, maxImages); // before the images are validated one by one
    const { images, ...options } = validate(BatchRequest, given);
    const incoming = images.map(({ id, ...source }, i): IncomingImage => {
      return { name: `image ${i}`, ...(id === undefined ? {} : { id }), ...readImageFields(source, `/images/${i}`) };
    });
    return { images: incoming, options: { ...readQuery(request), ...options } };
  },
  'multipart/form-data': readForm,
};

function imageCountOf(given: unknown): number {
  const images = typeof given === 'object' && given !== null && 'images' in given ? given.images : [];
  return Array.isArray(images) ? images.length : 0;
}

function readRaw(body: Buffer, request: FastifyRequest): Received {
  if (body.length === 0) throw new RequestError('REQUEST_MALFORMED', 'The body is empty.');
  return { images: [{ name: 'image', load: () => Promise.resolve(body) }], options: readQuery(request) };
}

/** The options of the query string; those of the body override them. */
function readQuery({ query }: FastifyRequest): PredictOptions {
  return validate(PredictOptions, { ...(query as object) });
}

async function readForm(body: Buffer, request: FastifyRequest, maxImages: number): Promise<Received> {
  const { files, fields } = await parseForm(body, request.headers['content-type'] ?? '', maxImages);
  const stray = files.find(({ field }) => field !== IMAGE_FIELD);
  if (stray !== undefined || files.length === 0) {
    throw invalidRequestError([
      { pointer: '/image', detail: `must be the one field with a file, sent as "${IMAGE_FIELD}".` },
    ]);
  }
  const options = { ...readQuery(request), ...validate(PredictOptions, fields) };
  const images = files.map(({ filename, bytes }, i): IncomingImage => {
    const id = filename?.slice(0, MAX_ID_CHARACTERS);
    return { name: `image ${i}`, ...(id ? { id } : {}), load: () => Promise.resolve(bytes) };
  });
  return { images, options };
}

function tooManyImagesError(count: number, maxImages: number): RequestError {
  return invalidRequestError([
    { pointer: '/images', detail: `It has ${count} images, more than the ${maxImages} allowed.` },
  ]);
}
