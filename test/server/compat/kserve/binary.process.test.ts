import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64, scene, TestServer } from '../../../support/server.js';

const INFER = '/v2/models/preannotate/infer';
const HEADER = 'inference-header-content-length';
const first = Buffer.from(await scene('scene-01.jpg'));
const second = Buffer.from(await scene('scene-02.jpg'));

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--request-images', '3'] });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Elements as Triton's and KServe's clients for Python write them (`serialize_byte_tensor`). */
function serialise(elements: readonly Buffer[]): Buffer {
  return Buffer.concat(elements.flatMap((element) => [uint32(element.length), element]));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function inputOf(tensor: Buffer, count: number, more: object = {}): object {
  return { name: 'image', shape: [count], datatype: 'BYTES', parameters: { binary_data_size: tensor.length }, ...more };
}

interface Sent {
  readonly json: object;
  readonly tensors?: readonly Buffer[];
  readonly length?: string | null; // of the header; null for none
}

function send({ json, tensors = [], length }: Sent, type = 'application/octet-stream'): Promise<Response> {
  const head = Buffer.from(JSON.stringify(json));
  const header: Record<string, string> = length === null ? {} : { [HEADER]: length ?? String(head.length) };
  const body = Uint8Array.from(Buffer.concat([head, ...tensors]));
  const headers = type === '' ? header : { ...header, 'content-type': type };
  return server.fetch(INFER, { method: 'POST', body: new Blob([body]), headers });
}

interface Output {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly (number | string)[];
  readonly parameters?: { readonly binary_data_size: number };
}

/** The outputs of an answer, binary ones read as Triton's client for Python does (`InferResult`). */
async function outputsOf(response: Response): Promise<Record<string, readonly (number | string)[]>> {
  expect(response.status).toBe(200);
  const body = Buffer.from(await response.arrayBuffer());
  const header = response.headers.get(HEADER);
  const { outputs } = JSON.parse(body.toString('utf8', 0, header === null ? body.length : Number(header))) as {
    outputs: Output[];
  };
  let at = Number(header ?? body.length);
  const entries = outputs.map(({ name, datatype, shape, data, parameters }) => {
    if (parameters === undefined) return [name, data!] as const;
    const part = body.subarray(at, (at += parameters.binary_data_size));
    const values = datatype === 'BYTES' ? readTexts(part) : readNumbers(part, datatype);
    expect(values).toHaveLength(shape.reduce((product, side) => product * side, 1));
    return [name, values] as const;
  });
  expect(at).toBe(body.length);
  return Object.fromEntries(entries);
}

function readTexts(part: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < part.length;) {
    const length = part.readUInt32LE(at);
    texts.push(part.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return texts;
}

function readNumbers(part: Buffer, datatype: string): number[] {
  return Array.from({ length: part.length / 4 }, (_, i) => {
    return datatype === 'FP32' ? part.readFloatLE(4 * i) : part.readInt32LE(4 * i);
  });
}

/** The answer to the same images as base64 in JSON. */
async function expectedFor(images: readonly Buffer[], more: object = {}) {
  const inputs = [{ name: 'image', shape: [images.length], datatype: 'BYTES', data: images.map(base64) }];
  return outputsOf(await server.postJson(INFER, { inputs, ...more }));
}

const one = serialise([first]);
const both = serialise([first, second]);

describe('a request with binary tensors', () => {
  it.each(['application/octet-stream', 'application/json', ''])('of type "%s" is read', async (type) => {
    const response = await send({ json: { id: 'a', inputs: [inputOf(one, 1)] }, tensors: [one] }, type);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const outputs = await outputsOf(response);
    expect(outputs).toEqual(await expectedFor([first]));
    expect(outputs['labels']!.length).toBeGreaterThan(1);
  });

  it('may have several images, in one input or in several, beside inputs in JSON', async () => {
    const expected = await expectedFor([first, second]);
    expect(new Set(expected['image_index'])).toEqual(new Set([0, 1]));
    const inJson = { name: 'image', shape: [1], datatype: 'BYTES', data: [base64(first)] };
    const two = serialise([second]);
    const requests: Sent[] = [
      { json: { inputs: [inputOf(both, 2)] }, tensors: [both] },
      { json: { inputs: [inputOf(both, 2, { shape: [2, 1] })] }, tensors: [both] },
      { json: { inputs: [inputOf(one, 1), inputOf(two, 1)] }, tensors: [one, two] },
      { json: { inputs: [inJson, inputOf(two, 1)] }, tensors: [two] },
    ];
    for (const request of requests) expect(await outputsOf(await send(request))).toEqual(expected);
  });

  it('may hold base64 or a data: URL as elements, as JSON does', async () => {
    const texts = [base64(first), `data:image/jpeg;base64,${base64(first)}`];
    for (const text of texts) {
      const tensor = serialise([Buffer.from(text)]);
      const outputs = await outputsOf(await send({ json: { inputs: [inputOf(tensor, 1)] }, tensors: [tensor] }));
      expect(outputs).toEqual(await expectedFor([first]));
    }
  });

  it('may be JSON alone, with the length of all of it in the header', async () => {
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: [base64(first)] }];
    expect(await outputsOf(await send({ json: { inputs } }))).toEqual(await expectedFor([first]));
  });

  it.each<[what: string, request: Sent, message: RegExp]>([
    ['a header that is no number', { json: {}, length: 'many' }, /must be the number of bytes/],
    ['a negative header', { json: {}, length: '-1' }, /must be the number of bytes/],
    ['a header that exceeds the body', { json: {}, length: '5000' }, /is 5000, but the body has 2 bytes/],
    ['a header that is too short', { json: { inputs: [inputOf(one, 1)] }, tensors: [one], length: '20' }, /not JSON/],
    ['a header of 0', { json: { inputs: [inputOf(one, 1)] }, tensors: [one], length: '0' }, /empty/],
    ['no header', { json: { inputs: [inputOf(one, 1)] }, length: null }, /has no Inference-Header-Content-Length/],
    ['tensors and no header', { json: { inputs: [inputOf(one, 1)] }, tensors: [one], length: null }, /not/],
    ['no size', { json: { inputs: [inputOf(one, 1, { parameters: {} })] }, tensors: [one] }, /neither data nor/],
    ['a negative size', withSize(-4), /must be a number of bytes/],
    ['a size that is text', withSize('12'), /must be a number of bytes/],
    ['a size with a fraction', withSize(1.5), /must be a number of bytes/],
    ['a size that overruns', withSize(one.length + 1), /but \d+ bytes are left/],
    ['a size beyond any number', withSize(1e300), /must be a number of bytes/],
    ['a size that leaves bytes', withSize(one.length - 1), /1 bytes after the JSON belong to no input/],
    ['no bytes', { json: { inputs: [inputOf(one, 1)] } }, /but 0 bytes are left/],
    ['bytes and data', { json: { inputs: [inputOf(one, 1, { data: ['AAAA'] })] }, tensors: [one] }, /both data and/],
    ['bytes of no input', { json: { inputs: [] }, tensors: [one] }, /belong to no input/],
    ['a length that overruns', ofTensor(Buffer.concat([uint32(first.length + 9), first])), /length of element 0/],
    ['a length of 4 GB', ofTensor(Buffer.concat([uint32(0xffff_ffff), first])), /is 4294967295, but/],
    ['a length that is cut off', ofTensor(Buffer.from([1, 0])), /2 of 4 bytes/],
    ['bytes after its element', ofTensor(Buffer.concat([one, Buffer.from([1, 2])])), /2 bytes are left after/],
    ['fewer elements than its shape', ofTensor(one, 2), /has 2 elements, its binary data 1/],
    ['more elements than its shape', ofTensor(both, 1), /bytes are left after the 1 elements/],
    ['an empty tensor', ofTensor(Buffer.alloc(0)), /has 1 elements, its binary data 0/],
  ])('with %s is answered 400 with the reason', async (_what, request, message) => {
    const response = await send(request);
    expect(response.status).toBe(400);
    const body = (await response.json()) as { error: string };
    expect(Object.keys(body)).toEqual(['error']);
    expect(body.error).toMatch(message);
  });

  it.each<[what: string, request: Sent, status: number, message: RegExp]>([
    ['UINT8', ofTensor(one, 1, { datatype: 'UINT8' }), 422, /must be BYTES/],
    ['another name', ofTensor(one, 1, { name: 'picture' }), 422, /must be "image"/],
    ['too many images', ofTensor(serialise([first, first, first, first]), 4), 422, /4 images.*3 allowed/],
    ['a shape beyond any number', ofTensor(one, 1, { shape: [1e9, 1e9] }), 422, /images, more than/],
    [
      'shared memory',
      ofTensor(one, 1, { parameters: { shared_memory_region: 'a' } }),
      422,
      /shared_memory_region.*not/,
    ],
    ['an empty element', ofTensor(serialise([Buffer.alloc(0)])), 415, /image 0/],
    ['text that is no image', ofTensor(serialise([Buffer.from('====')])), 422, /element 0/],
    ['a damaged image of two', ofTensor(serialise([first, second.subarray(0, 300)]), 2), 422, /image 1/],
  ])('with %s is refused with the reason', async (_what, request, status, message) => {
    const { json, tensors } = request;
    const isShared = JSON.stringify(json).includes('shared_memory_region');
    const response = await send(isShared ? { json, length: null } : { json, tensors: tensors! });
    expect(response.status).toBe(status);
    expect(((await response.json()) as { error: string }).error).toMatch(message);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });
});

function withSize(binary_data_size: unknown): Sent {
  return { json: { inputs: [inputOf(one, 1, { parameters: { binary_data_size } })] }, tensors: [one] };
}

function ofTensor(tensor: Buffer, count = 1, more: object = {}): Sent {
  return { json: { inputs: [inputOf(tensor, count, more)] }, tensors: [tensor] };
}

describe('an answer', () => {
  const binary = (name: string, binary_data = true) => ({ name, parameters: { binary_data } });

  it('has all outputs as bytes where binary_data_output asks for that', async () => {
    const json = { inputs: [inputOf(both, 2)], parameters: { binary_data_output: true } };
    const response = await send({ json, tensors: [both] });
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    const outputs = await outputsOf(response);
    const expected = await expectedFor([first, second]);
    expect(outputs['labels']).toEqual(expected['labels']);
    expect(outputs['image_index']).toEqual(expected['image_index']);
    for (const name of ['boxes', 'scores']) expect(outputs[name]).toEqual(expected[name]!.map(Number).map(Math.fround));
  });

  it('has as bytes the outputs whose binary_data asks for that, which precedes binary_data_output', async () => {
    const outputs = [binary('labels'), { name: 'scores' }, binary('boxes', false)];
    for (const [parameters, names] of [
      [{}, ['labels']],
      [{ binary_data_output: true }, ['labels', 'scores']],
    ] as const) {
      const response = await send({ json: { inputs: [inputOf(one, 1)], outputs, parameters }, tensors: [one] });
      const text = await response.clone().text();
      const head = JSON.parse(text.slice(0, Number(response.headers.get(HEADER)))) as { outputs: Output[] };
      expect(head.outputs.map(({ name }) => name)).toEqual(['labels', 'scores', 'boxes']);
      expect(head.outputs.filter(({ data }) => data === undefined).map(({ name }) => name)).toEqual(names);
      expect((await outputsOf(response))['labels']).toEqual((await expectedFor([first]))['labels']);
    }
  });

  it('without boxes has empty tensors', async () => {
    const parameters = { binary_data_output: true, score_threshold: 1 };
    const response = await send({ json: { inputs: [inputOf(one, 1)], parameters }, tensors: [one] });
    expect(await outputsOf(response)).toEqual({ boxes: [], scores: [], labels: [] });
  });
});
