import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PredictAnswer } from '../../../../src/config/predict-schema.js';
import { FIXTURES } from '../../../support/model/golden.js';
import { base64, scene, TestServer } from '../../../support/server.js';

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

interface Inference {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly Tensor[];
}

const INFER = '/v2/models/preannotate/infer';
const first = await scene('scene-01.jpg');
const second = await scene('scene-02.jpg');

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--request-images', '3'] });
});
afterAll(() => server[Symbol.asyncDispose]());

/** A request as Triton's and KServe's clients for Python write one with binary_data=False. */
function requestOf(data: readonly unknown[], more: object = {}): object {
  return { id: 'mine-1', inputs: [{ name: 'image', shape: [data.length], datatype: 'BYTES', data }], ...more };
}

const single = (more: object = {}) => requestOf([base64(first)], more);

async function inferenceOf(response: Response): Promise<Inference & { tensors: Map<string, Tensor> }> {
  expect(response.status).toBe(200);
  const inference = (await response.json()) as Inference;
  return { ...inference, tensors: new Map(inference.outputs.map((tensor) => [tensor.name, tensor])) };
}

async function errorOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const body = (await response.json()) as { error: string };
  expect(Object.keys(body)).toEqual(['error']);
  return body.error;
}

/** The answers of /predict for the same images, as data of tensors. */
async function predicted(images: readonly Uint8Array<ArrayBuffer>[], query = '') {
  const responses = await Promise.all(images.map((image) => server.post(image, { query })));
  const answers = await Promise.all(responses.map(async (response) => PredictAnswer.parse(await response.json())));
  return {
    boxes: answers.flatMap(({ boxes }) => boxes.flat()),
    scores: answers.flatMap(({ scores }) => scores),
    labels: answers.flatMap(({ labels }) => labels),
    image_index: answers.flatMap(({ labels }, i) => labels.map(() => i)),
  };
}

async function json(path: string, of = server): Promise<[status: number, body: unknown]> {
  const response = await of.fetch(path);
  return [response.status, await response.json()];
}

describe('the server in the Open Inference Protocol', () => {
  it('has a name and a version, is live and is ready', async () => {
    const { preannotate } = (await (await server.fetch('/info')).json()) as { preannotate: string };
    expect(await json('/v2')).toEqual([
      200,
      { name: 'preannotate', version: preannotate, extensions: ['binary_tensor_data', 'model_configuration'] },
    ]);
    expect(await json('/v2/health/live')).toEqual([200, { live: true }]);
    expect(await json('/v2/health/ready')).toEqual([200, { ready: true }]);
  });

  it.each(['preannotate', 'builtin:emoji', 'builtin%3Aemoji', 'preannotate/versions/1'])(
    'describes the inputs and outputs of the model %s',
    async (path) => {
      const name = path.startsWith('preannotate') ? 'preannotate' : 'builtin:emoji';
      const [status, metadata] = await json(`/v2/models/${path}`);
      expect(status).toBe(200);
      expect(metadata).toEqual({
        name,
        versions: ['1'],
        platform: 'onnxruntime_onnx',
        inputs: [{ name: 'image', datatype: 'BYTES', shape: [-1] }],
        outputs: [
          { name: 'boxes', datatype: 'FP32', shape: [-1, 4] },
          { name: 'scores', datatype: 'FP32', shape: [-1] },
          { name: 'labels', datatype: 'BYTES', shape: [-1] },
          { name: 'image_index', datatype: 'INT32', shape: [-1] },
        ],
      });
      expect(await json(`/v2/models/${path}/ready`)).toEqual([200, { name, ready: true }]);
    },
  );

  it('knows a model in a folder by its path', async () => {
    const folder = join(FIXTURES, 'models/owlvit-emoji');
    await using own = await TestServer.ready({ args: ['--model', folder] });
    const [status, body] = await json(`/v2/models/${encodeURIComponent(folder)}/ready`, own);
    expect([status, body]).toEqual([200, { name: folder, ready: true }]);
  });

  it.each(['yolo', 'google%2Fyolo', 'preannotate/versions/2', '__proto__', 'x'.repeat(1000)])(
    'answers 404 for the model %s',
    async (path) => {
      for (const address of [`/v2/models/${path}`, `/v2/models/${path}/ready`]) {
        const response = await server.fetch(address);
        expect(response.status).toBe(404);
        expect(await errorOf(response)).toContain('preannotate');
      }
      const response = await server.postJson(`/v2/models/${path}/infer`, single());
      expect(response.status).toBe(404);
      await errorOf(response);
    },
  );
});

describe('an inference', () => {
  it('of one image returns the boxes of /predict as tensors', async () => {
    const { model_name, model_version, id, outputs } = await inferenceOf(await server.postJson(INFER, single()));
    expect([model_name, model_version, id]).toEqual(['preannotate', '1', 'mine-1']);
    const { boxes, scores, labels } = await predicted([first]);
    const count = labels.length;
    expect(count).toBeGreaterThan(1);
    expect(outputs).toEqual([
      { name: 'boxes', datatype: 'FP32', shape: [count, 4], data: boxes },
      { name: 'scores', datatype: 'FP32', shape: [count], data: scores },
      { name: 'labels', datatype: 'BYTES', shape: [count], data: labels },
    ]);
  });

  it('of several images has the index of its image beside each box', async () => {
    const { tensors } = await inferenceOf(await server.postJson(INFER, requestOf([first, second, first].map(base64))));
    const expected = await predicted([first, second, first]);
    for (const [name, data] of Object.entries(expected)) expect(tensors.get(name)!.data, name).toEqual(data);
    expect(tensors.get('image_index')).toMatchObject({ datatype: 'INT32', shape: [expected.labels.length] });
    expect(new Set(expected.image_index)).toEqual(new Set([0, 1, 2]));
  });

  it('of an image without objects returns empty tensors', async () => {
    const grey = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#808080' } })
      .png()
      .toBuffer();
    const response = await server.postJson(INFER, requestOf([base64(grey)]));
    const { outputs } = await inferenceOf(response);
    expect(outputs.map(({ shape, data }) => [shape, data])).toEqual([
      [[0, 4], []],
      [[0], []],
      [[0], []],
    ]);
  });

  it('needs neither an id nor a content type, and may name the version', async () => {
    const body = new Blob([JSON.stringify({ ...single(), id: undefined })]); // sent without a type
    const response = await server.fetch('/v2/models/builtin%3Aemoji/versions/1/infer', { method: 'POST', body });
    const { model_name, id } = await inferenceOf(response);
    expect(model_name).toBe('builtin:emoji');
    expect(id).toBe(response.headers.get('x-request-id'));
  });

  it('returns only the requested outputs, in the order of the request', async () => {
    const outputs = [{ name: 'image_index' }, { name: 'labels', parameters: { binary_data: false } }];
    const inference = await inferenceOf(await server.postJson(INFER, single({ outputs })));
    const { labels, image_index } = await predicted([first]);
    expect(inference.outputs.map(({ name, data }) => [name, data])).toEqual([
      ['image_index', image_index],
      ['labels', labels],
    ]);
  });

  it('takes the options of /predict as parameters, and ignores those of other servers', async () => {
    const ontology = JSON.stringify({ 'a photo of a cup': 'Tasse' });
    const parameters = { score_threshold: 0.2, nms: false, priority: 1 };
    const loose = await inferenceOf(await server.postJson(INFER, single({ parameters })));
    const { scores } = await predicted([first], '?score_threshold=0.2&nms=false');
    expect(loose.tensors.get('scores')!.data).toEqual(scores);
    expect(scores.length).toBeGreaterThan((await predicted([first])).scores.length);
    const named = await inferenceOf(await server.postJson(INFER, single({ parameters: { ontology } })));
    expect(new Set(named.tensors.get('labels')!.data)).toEqual(new Set(['Tasse']));
  });

  it('takes data that is nested like its shape', async () => {
    const nested = { inputs: [{ name: 'image', shape: [1, 1], datatype: 'BYTES', data: [[base64(first)]] }] };
    const { tensors } = await inferenceOf(await server.postJson(INFER, nested));
    expect(tensors.get('boxes')!.data).toEqual((await predicted([first])).boxes);
  });

  it('has its boxes in the upright image, whatever the EXIF orientation of the file is', async () => {
    const lying = await sharp(first).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    const upright = await sharp(first).png().toBuffer();
    const { tensors } = await inferenceOf(await server.postJson(INFER, requestOf([lying, upright].map(base64))));
    const boxes = tensors.get('boxes')!.data;
    expect(boxes.length).toBeGreaterThan(8);
    expect(boxes.slice(0, boxes.length / 2)).toEqual(boxes.slice(boxes.length / 2));
  });

  it.each<[what: string, body: object, status: number, message: RegExp]>([
    ['an image that is not base64', requestOf(['!!!']), 422, /\/inputs\/0\/data\/0: It is not base64/],
    ['base64 of something else', requestOf(['AAAAAAAA']), 415, /image 0/],
    ['one bad image of two', requestOf([base64(first), base64(first.slice(0, 300))]), 422, /image 1/],
    ['more images than a request may hold', requestOf(['AAAA', 'AAAA', 'AAAA', 'AAAA']), 422, /4 images.*3 allowed/],
    [
      'another shape',
      single({ inputs: [{ name: 'image', shape: [2], datatype: 'BYTES', data: ['AAAA'] }] }),
      422,
      /shape/,
    ],
    ['another type', single({ inputs: [{ name: 'image', shape: [1], datatype: 'FP32', data: [1] }] }), 422, /BYTES/],
    ['another input', single({ inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', data: ['AAAA'] }] }), 422, /image/],
    ['no data', single({ inputs: [{ name: 'image', shape: [1], datatype: 'BYTES' }] }), 422, /data/],
    ['no input', { inputs: [] }, 422, /inputs/],
    ['another output', single({ outputs: [{ name: 'masks' }] }), 422, /masks/],
    ['a threshold above 1', single({ parameters: { score_threshold: 2 } }), 422, /score_threshold/],
    ['a threshold below the score floor', single({ parameters: { score_threshold: 0.001 } }), 422, /score_floor/],
  ])('with %s is refused with an error in the form of the protocol', async (_what, body, status, message) => {
    const response = await server.postJson(INFER, body);
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toMatch(message);
  });

  it('that is not JSON is refused with an error in the form of the protocol', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await server.fetch(INFER, { method: 'POST', body: '{"inputs":', headers });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatch(/not JSON/);
  });

  it('leaves nothing behind in the queue', async () => {
    await server.postJson(INFER, requestOf([base64(first), '!!!', base64(second)]));
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });
});
