import { z } from 'zod';
import { RequestError } from '../../../http/request-error.js';

/** Header with the length of the JSON before binary tensors, in requests and answers. */
export const JSON_LENGTH_HEADER = 'inference-header-content-length';

const LENGTH_BYTES = 4; // before each element of a BYTES tensor, little-endian

/** What is needed of an input to find its bytes; other fields are validated afterwards. */
const Layout = z.object({
  inputs: z.array(
    z.object({
      data: z.unknown().optional(),
      parameters: z.object({ binary_data_size: z.unknown().optional() }).nullish(),
    }),
  ),
});

/** A body in its two parts. */
interface SplitBody {
  readonly json: Buffer;
  readonly binary: Buffer | undefined; // undefined for a body of JSON alone
}

/**
 * Splits a body into its JSON and the binary tensors after it.
 *
 * @param header - Value of Inference-Header-Content-Length; undefined for a body of JSON alone.
 * @throws RequestError REQUEST_MALFORMED for a length that is no number or exceeds the body
 */
export function splitBody(body: Buffer, header: string | string[] | undefined): SplitBody {
  if (header === undefined) return { json: body, binary: undefined };
  const text = String(header).trim();
  if (!/^\d{1,15}$/.test(text)) {
    throw malformedError('Inference-Header-Content-Length must be the number of bytes of the JSON.');
  }
  const length = Number(text);
  if (length > body.length) {
    throw malformedError(`Inference-Header-Content-Length is ${length}, but the body has ${body.length} bytes.`);
  }
  return { json: body.subarray(0, length), binary: body.subarray(length) };
}

/**
 * Cuts the binary part of a request into the bytes of its inputs, which follow each other in the order of `inputs`.
 *
 * @param request - The parsed JSON. A form that {@link Layout} does not describe has no binary tensors.
 * @returns For each input its bytes; undefined for one whose data is in the JSON.
 * @throws RequestError REQUEST_MALFORMED unless the sizes of the inputs add up to the binary part
 */
export function cutTensors(request: unknown, binary: Buffer | undefined): (Buffer | undefined)[] {
  const layout = Layout.safeParse(request);
  if (!layout.success) return []; // validation reports what is wrong with it
  let start = 0;
  const tensors = layout.data.inputs.map(({ data, parameters }, i) => {
    const size = parameters?.binary_data_size;
    if (size === undefined || size === null) {
      if (binary !== undefined && data === undefined) {
        throw malformedError(`Input ${i} has neither data nor the parameter binary_data_size.`);
      }
      return undefined;
    }
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
      throw malformedError(`binary_data_size of input ${i} must be a number of bytes.`);
    }
    if (binary === undefined) {
      throw malformedError(`Input ${i} has binary_data_size, but the request has no Inference-Header-Content-Length.`);
    }
    if (data !== undefined) throw malformedError(`Input ${i} has both data and binary_data_size.`);
    const left = binary.length - start;
    if (size > left) throw malformedError(`binary_data_size of input ${i} is ${size}, but ${left} bytes are left.`);
    start += size;
    return binary.subarray(start - size, start);
  });
  const rest = (binary?.length ?? 0) - start;
  if (rest > 0) throw malformedError(`${rest} bytes after the JSON belong to no input.`);
  return tensors;
}

/**
 * The elements of a BYTES tensor, each after its length.
 *
 * @param count - Of its shape; no more are read.
 * @throws RequestError REQUEST_MALFORMED where lengths and bytes do not fit, or there are more or fewer elements
 */
export function readElements(tensor: Buffer, count: number, what: string): Buffer[] {
  const elements: Buffer[] = [];
  let at = 0;
  while (at < tensor.length && elements.length < count) {
    const left = tensor.length - at;
    const where = `element ${elements.length} of ${what}`;
    if (left < LENGTH_BYTES) throw malformedError(`The length of ${where} is cut off: ${left} of 4 bytes are there.`);
    const length = tensor.readUInt32LE(at);
    at += LENGTH_BYTES;
    if (length > tensor.length - at) {
      throw malformedError(`The length of ${where} is ${length}, but ${tensor.length - at} bytes are left.`);
    }
    elements.push(tensor.subarray(at, at + length));
    at += length;
  }
  if (elements.length < count) {
    throw malformedError(`The shape of ${what} has ${count} elements, its binary data ${elements.length}.`);
  }
  if (at < tensor.length) {
    throw malformedError(`${tensor.length - at} bytes are left after the ${count} elements of ${what}.`);
  }
  return elements;
}

/** The bytes of an output: FP32 and INT32 little-endian, BYTES as in requests. */
export function toBinary(datatype: 'FP32' | 'INT32' | 'BYTES', data: readonly (number | string)[]): Buffer {
  if (datatype === 'BYTES') return Buffer.concat(data.map((text) => writeElement(String(text))));
  const bytes = Buffer.allocUnsafe(4 * data.length);
  data.forEach((value, i) => {
    if (datatype === 'FP32') bytes.writeFloatLE(Number(value), 4 * i);
    else bytes.writeInt32LE(Number(value), 4 * i);
  });
  return bytes;
}

function writeElement(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function malformedError(message: string): RequestError {
  return new RequestError('REQUEST_MALFORMED', message);
}
