import type { FastifyRequest } from 'fastify';
import { BatchRequest, PredictOptions, PredictRequest } from '../../config/predict-schema.js';
import { decodeDataUrl } from './content/base64.js';
import { sniffBody, type BodyKind } from './content/sniff-body.js';
import { parseUrlencoded } from './content/urlencoded.js';
import { invalidRequestError, validate } from './content/validate.js';
import { readImageFields, type IncomingImage } from './incoming-image.js';
import { parseJson } from './json.js';
import { parseForm, type Form } from './multipart.js';
import { RequestError } from '../../http/request-error.js';

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

/** Types of clients that do not know what they send, or do not say; the body is recognised by its content. */
const VAGUE_TYPES = ['', 'application/octet-stream', 'application/x-www-form-urlencoded', 'text/plain'] as const;

/** The types of bodies that hold JSON: its own, and those that clients send by mistake (`curl -d`). */
export function jsonReaders<Read>(read: Read): Readonly<Record<string, Read>> {
  return { 'application/json': read, ...Object.fromEntries(VAGUE_TYPES.map((type) => [type, read])) };
}

/** One image: as JSON, as a field or a file of a form, or as it is. */
export const predictReaders: Readonly<Record<string, Reader>> = {
  ...jsonReaders<Reader>(readByContent),
  'multipart/form-data': async (body, request) => {
    const form = await parseForm(body, request.headers['content-type'] ?? '', 1);
    if (form.files.length === 0) return readFields(form.fields, request);
    const { images, options } = readFiles(form, request);
    return { images: images.map(({ id: _, ...image }) => ({ ...image, name: 'image' })), options };
  },
  'image/*': readRaw,
};

/** Several images: as JSON, or as several files of a form. */
export const batchReaders: Readonly<Record<string, Reader>> = {
  ...jsonReaders<Reader>((body, request, maxImages) => {
    const kind = sniffBody(body);
    if (kind !== 'json' && kind !== 'empty' && request.headers['content-type'] !== 'application/json') {
      throw notReadError('JSON with images, or a form with files');
    }
    return readBatch(body, request, maxImages);
  }),
  'multipart/form-data': async (body, request, maxImages) => {
    const form = await parseForm(body, request.headers['content-type'] ?? '', maxImages);
    if (form.files.length === 0) throw invalidRequestError([{ pointer: '', detail: 'The form has no file.' }]);
    return readFiles(form, request);
  },
};

/** Where the content contradicts a type, it counts, as long as it is certain. */
function readByContent(body: Buffer, request: FastifyRequest): Received {
  const type = request.headers['content-type'] ?? '';
  const kind = sniffBody(body);
  const isSaidToBeJson = type.toLowerCase().startsWith('application/json');
  if (isSaidToBeJson && kind !== 'image') return readFields(parseJson(body), request);
  const readers: Readonly<Record<BodyKind, () => Received>> = {
    empty: () => readRaw(Buffer.alloc(0), request),
    json: () => readFields(parseJson(body), request),
    fields: () => readFields(parseUrlencoded(body), request),
    'data-url': () => {
      const load = () => Promise.resolve(decodeDataUrl(body.toString('latin1'), ''));
      return { images: [{ name: 'image', load }], options: readQuery(request) };
    },
    image: () => readRaw(body, request),
    other: () => readRaw(body, request), // the decoder says what it is
    text: () => {
      if (type.toLowerCase().startsWith('application/octet-stream')) return readRaw(body, request);
      throw notReadError('an image, JSON or a form');
    },
  };
  return readers[kind]();
}

function notReadError(accepted: string): RequestError {
  return new RequestError(
    'MEDIA_TYPE_UNSUPPORTED',
    `The body is neither of a type nor of a content that is read; send ${accepted}.`,
  );
}

/** @param fields - Of JSON or of a form. */
function readFields(fields: unknown, request: FastifyRequest): Received {
  const { image_base64, image_url, ...options } = validate(PredictRequest, fields);
  const images = [{ name: 'image', ...readImageFields({ image_base64, image_url }, '') }];
  return { images, options: { ...readQuery(request), ...options } };
}

function readBatch(body: Buffer, request: FastifyRequest, maxImages: number): Received {
  const given = parseJson(body);
  const count = imageCountOf(given);
  if (count > maxImages) throw tooManyImagesError(count, maxImages); // before the images are validated one by one
  const { images, ...options } = validate(BatchRequest, given);
  const incoming = images.map(({ id, ...source }, i): IncomingImage => {
    return { name: `image ${i}`, ...(id === undefined ? {} : { id }), ...readImageFields(source, `/images/${i}`) };
  });
  return { images: incoming, options: { ...readQuery(request), ...options } };
}

function imageCountOf(given: unknown): number {
  const images = typeof given === 'object' && given !== null && 'images' in given ? given.images : [];
  return Array.isArray(images) ? images.length : 0;
}

function readRaw(body: Buffer, request: FastifyRequest): Received {
  if (body.length === 0) {
    const message = 'The body is empty: send an image, or JSON with image_base64 or image_url.';
    throw new RequestError('REQUEST_MALFORMED', message);
  }
  return { images: [{ name: 'image', load: () => Promise.resolve(body) }], options: readQuery(request) };
}

const NO_OPTIONS: PredictOptions = Object.freeze(validate(PredictOptions, {})); // of most requests

/** The options of the query string; those of the body override them. */
function readQuery({ query }: FastifyRequest): PredictOptions {
  const given = { ...(query as object) };
  return Object.keys(given).length === 0 ? NO_OPTIONS : validate(PredictOptions, given);
}

/** The files of a form, whatever their fields are called. */
function readFiles({ files, fields }: Form, request: FastifyRequest): Received {
  const second = ['image_base64', 'image_url'].find((name) => Object.hasOwn(fields, name));
  if (second !== undefined) {
    throw invalidRequestError([{ pointer: `/${second}`, detail: 'The form has a file too: send one of the two.' }]);
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
