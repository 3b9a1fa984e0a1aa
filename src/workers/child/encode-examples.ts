import { clip, xyxyToXywh, type Size, type Xyxy } from '../../core/box.js';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import type { EncodedExample, ExampleEncoder } from '../../model/example-encoder.js';
import type { ImagePreparer } from './image-preparer.js';
import type { Encoded, ExampleRequest, FromWorker } from '../protocol.js';

/** A smaller part of an object shows nothing. */
const MIN_SIDE_PX = 1;

/** What a worker encodes examples with. */
export interface ExampleParts {
  readonly preparer: ImagePreparer;
  readonly openEncoder: () => Promise<ExampleEncoder>;
  readonly send: (message: FromWorker) => void;
}

/**
 * Turns example images into queries, in a worker. They are read, decoded and resized to the model's input as all images
 * are.
 *
 * @returns A failure for each image that cannot be used; the others are encoded.
 * @throws PreannotateError MODEL_INVALID, DEVICE_UNAVAILABLE
 */
export async function encodeExamples(
  requests: readonly ExampleRequest[],
  { preparer, openEncoder, send }: ExampleParts,
): Promise<Encoded> {
  await using encoder = await openEncoder();
  const results: (EncodedExample | PreannotateError)[] = [];
  for (const request of requests) {
    results.push(await encodeOne(request, preparer, encoder));
    send({ type: 'heartbeat' });
  }
  return gatherEncoded(results);
}

/** The queries of examples in one array, and why some have none. */
export function gatherEncoded(results: readonly (EncodedExample | PreannotateError)[]): Encoded {
  const encoded = results.map((result) => (result instanceof PreannotateError ? undefined : result));
  const width = encoded.find((one) => one !== undefined)?.embedding.length ?? 0;
  const embeddings = new Float32Array(results.length * width);
  encoded.forEach((one, index) => one && embeddings.set(one.embedding, index * width));
  const failures = results.flatMap((result, index) =>
    result instanceof PreannotateError ? [{ index, failure: result.toFailure() }] : [],
  );
  return { embeddings, choices: encoded.map((one) => one?.choice), failures };
}

async function encodeOne(
  request: ExampleRequest,
  preparer: ImagePreparer,
  encoder: ExampleEncoder,
): Promise<EncodedExample | PreannotateError> {
  const times = { read: 0, decode: 0, resize: 0, infer: 0, wait: 0 }; // a run reports those of its own images only
  const preparation = await preparer.prepare(request, times);
  if (!preparation.ok) return new PreannotateError(preparation.failure);
  using image = preparation.image;
  const { size, stamp } = image;
  if (stamp.sha256 !== request.sha256) return exampleChangedError(request);
  const pixels = await image.input(0);
  const box = request.box && clip(request.box, size);
  if (box !== undefined && isThin(box)) return boxOutsideError(request, request.box!, size);
  const encoded = await encoder.encode({ pixels, size, ...(box === undefined ? {} : { box }) });
  return encoded ?? noObjectError(request);
}

function isThin(box: Xyxy): boolean {
  const [, , width, height] = xyxyToXywh(box);
  return width < MIN_SIDE_PX || height < MIN_SIDE_PX;
}

function exampleChangedError({ name }: ExampleRequest): PreannotateError {
  return new PreannotateError({
    code: 'IMAGE_UNREADABLE',
    message: `${printable(name)} has changed since this command was started.`,
    hint: 'Give the same command again.',
  });
}

function boxOutsideError({ name }: ExampleRequest, box: Xyxy, { width, height }: Size): PreannotateError {
  return new PreannotateError({
    code: 'ONTOLOGY_INVALID',
    message:
      `the box [${box.join(', ')}] leaves less than a pixel of ${printable(name)}, ` +
      `which is ${width} x ${height} upright.`,
    hint: 'A box is [x1, y1, x2, y2] in pixels of the upright image, as annotation tools show it.',
  });
}

export function noObjectError({ name, box }: ExampleRequest): PreannotateError {
  const where = box === undefined ? '' : `the box [${box.join(', ')}] of `;
  return new PreannotateError({
    code: 'ONTOLOGY_INVALID',
    message: `the model finds no object in ${where}${printable(name)}: none of its predicted boxes overlaps it.`,
    hint:
      'Draw the box around the whole of one object that stands out, take another picture of it, or give a larger ' +
      '--image-size.',
  });
}
