import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FailureCode } from '../../src/core/errors.js';
import { PredictAnswer, ProblemAnswer, BatchAnswer } from '../../src/config/predict-schema.js';
import { EMOJI, preannotate, SCENES } from '../support/cli.js';
import { boxesOfRun } from '../support/evaluation/boxes-of-run.js';
import { base64, scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

let server: TestServer;
let bytes: Uint8Array<ArrayBuffer>;
let image_base64: string;

beforeAll(async () => {
  server = await TestServer.ready({ args: ['--body-limit', '300KB', '--max-bytes', '200KB'] });
  bytes = await scene('scene-01.jpg');
  image_base64 = base64(bytes);
});

afterAll(() => server[Symbol.asyncDispose]());

async function answerOf(response: Response) {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json());
}

async function problemOf(response: Response) {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = ProblemAnswer.parse(await response.json());
  expect(problem.status).toBe(response.status);
  expect(problem.request_id).toBe(response.headers.get('x-request-id'));
  return problem;
}

function formOf(...images: Uint8Array<ArrayBuffer>[]): FormData {
  const form = new FormData();
  images.forEach((image, i) => form.append('image', new Blob([image]), `${i}.jpg`));
  return form;
}

describe('POST /predict', () => {
  it('answers what a run would write, whichever way the image comes', async () => {
    const out = await temporaryFolder();
    const options = { score_threshold: 0.1, nms: false };
    await preannotate([
      'run',
      join(SCENES, 'scene-01.jpg'),
      ...EMOJI,
      '-o',
      out,
      '--score-threshold',
      '0.1',
      '--no-nms',
    ]);
    const raw = await answerOf(await server.post(bytes, { query: '?score_threshold=0.1&nms=false' }));
    expect(raw.labels.length).toBeGreaterThan(3);
    expect(raw.boxes.map((box, i) => [raw.labels[i], raw.scores[i], ...box])).toEqual(await boxesOfRun(out));
    const json = await server.postJson('/predict', { image_base64, ...options });
    const form = formOf(bytes);
    for (const [name, value] of Object.entries(options)) form.append(name, String(value));
    const multipart = await server.fetch('/predict', { method: 'POST', body: form });
    for (const response of [json, multipart]) {
      expect({ ...(await answerOf(response)), request_id: '' }).toEqual({ ...raw, request_id: '' });
    }
  });

  it('says what is where, in which image, by which model, in which request', async () => {
    const answer = await answerOf(await server.post(bytes, { headers: { 'x-request-id': 'mine-1' } }));
    expect(answer).toMatchObject({ width: 320, height: 240, model: 'builtin:emoji', request_id: 'mine-1' });
    expect(answer.labels).toEqual(expect.arrayContaining(['wine glass', 'cup', 'bottle']));
    expect(answer.prompts[0]).toBe(`a photo of a ${answer.labels[0]!}`);
    expect(answer.boxes).toHaveLength(answer.scores.length);
  });

  it('takes data: URLs, base64 with line breaks, and image bytes of any declared image type', async () => {
    const broken = image_base64.replaceAll(/.{76}/g, '$&\r\n');
    await answerOf(await server.postJson('/predict', { image_base64: `data:image/jpeg;base64,${image_base64}` }));
    await answerOf(await server.postJson('/predict', { image_base64: broken }));
    await answerOf(await server.post(bytes, { headers: { 'content-type': 'application/octet-stream' } }));
    await answerOf(await server.post(bytes, { headers: { 'content-type': 'image/png' } })); // its content decides
  });

  it('looks for what the request asks for, and shows what it asks to see', async () => {
    const short = { 'a photo of a bottle': 'Flasche', 'a photo of a cup': 'Tasse' };
    const full = { classes: [{ name: 'Tasse', prompts: ['a photo of a cup'], threshold: 0.99 }] };
    const two = await answerOf(await server.postJson('/predict', { image_base64, ontology: short }));
    expect([...two.labels].sort()).toEqual(['Flasche', 'Tasse']);
    const none = await answerOf(await server.postJson('/predict', { image_base64, ontology: full }));
    expect(none.labels).toEqual([]);
    const one = await answerOf(await server.postJson('/predict', { image_base64, ontology: short, max_detections: 1 }));
    expect(one.labels).toEqual(two.labels.slice(0, 1));
    const query = `?ontology=${encodeURIComponent(JSON.stringify(short))}&score_threshold=0.7`;
    const strict = await answerOf(await server.post(bytes, { query }));
    expect(strict.labels).toEqual(['Tasse']);
  });

  it.each<[what: string, body: string, status: number, code: FailureCode]>([
    ['no JSON', '{"image_base64":', 400, 'REQUEST_MALFORMED'],
    ['nothing', '', 400, 'REQUEST_MALFORMED'],
    ['100,000 levels', '['.repeat(100_000) + ']'.repeat(100_000), 400, 'REQUEST_MALFORMED'],
    ['a list', '[]', 422, 'REQUEST_INVALID'],
    ['no image', '{}', 422, 'REQUEST_INVALID'],
    ['both images', '{"image_base64":"aaaa","image_url":"http://x"}', 422, 'REQUEST_INVALID'],
    ['no base64', '{"image_base64":"!!!"}', 422, 'REQUEST_INVALID'],
    ['base64 that is no image', '{"image_base64":"AAAAAAAA"}', 415, 'IMAGE_UNSUPPORTED'],
    ['an unknown field', '{"image_base64":"aaaa","treshold":1}', 422, 'REQUEST_INVALID'],
    ['a prototype', '{"image_base64":"aaaa","__proto__":{"x":1}}', 422, 'REQUEST_INVALID'],
    ['a threshold below what is kept', '{"image_base64":"aaaa","score_threshold":0.01}', 422, 'REQUEST_INVALID'],
    ['an ontology without classes', '{"image_base64":"aaaa","ontology":{"classes":[]}}', 422, 'ONTOLOGY_INVALID'],
    ['an address', '{"image_url":"http://127.0.0.1:1/"}', 403, 'URL_REFUSED'],
  ])('JSON with %s is refused', async (_what, body, status, code) => {
    const response = await server.fetch('/predict', {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    expect(response.status).toBe(status);
    expect((await problemOf(response)).code).toBe(code);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  it.each<[what: string, fields: object, pointers: string[]]>([
    ['two wrong fields', { score_threshold: 2, nms_iou: 'x' }, ['/score_threshold', '/nms_iou']],
    ['an unknown field', { 'a/b': 1 }, ['/a~1b']],
    [
      'a class without prompts',
      { ontology: { classes: [{ name: 'a', prompts: [] }] } },
      ['/ontology/classes/0/prompts'],
    ],
    ['a prompt too long for the model', { ontology: { [`a ${'very '.repeat(30)}long one`]: 'x' } }, ['/ontology']],
    ['a prompt too long for anyone', { ontology: { [`a ${'very '.repeat(60)}long one`]: 'x' } }, ['/ontology']],
  ])('%s are named by JSON pointer', async (_what, fields, pointers) => {
    const response = await server.postJson('/predict', { image_base64, ...fields });
    expect(response.status).toBe(422);
    const { errors } = await problemOf(response);
    expect(errors!.map(({ pointer }) => pointer).sort()).toEqual([...pointers].sort());
  });

  it.each<[what: string, type: string | undefined, more: Record<string, string>]>([
    ['text', 'text/plain', {}],
    ['a form without files', 'application/x-www-form-urlencoded', {}],
    ['another character set', 'application/json; charset=latin1', {}],
    ['a body compressed in another way', 'application/json', { 'content-encoding': 'deflate' }],
  ])('%s is not a supported type', async (_what, type, more) => {
    const headers = { ...(type === undefined ? {} : { 'content-type': type }), ...more };
    const response = await server.fetch('/predict', { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(415);
    expect((await problemOf(response)).code).toBe('MEDIA_TYPE_UNSUPPORTED');
  });

  it.each<[what: string, type: string, body: string]>([
    ['no boundary', 'multipart/form-data', '--x--'],
    [
      'a cut body',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nab',
    ],
  ])('a form with %s is not understood', async (_what, type, body) => {
    const response = await server.fetch('/predict', { method: 'POST', body, headers: { 'content-type': type } });
    expect(response.status).toBe(400);
    await problemOf(response);
  });

  it('a form with its file under another name, or with several, is refused', async () => {
    const form = new FormData();
    form.append('file', new Blob([bytes]), 'a.jpg');
    expect((await server.fetch('/predict', { method: 'POST', body: form })).status).toBe(422);
    expect((await server.fetch('/predict', { method: 'POST', body: formOf(bytes, bytes) })).status).toBe(413);
  });

  it('an image that is cut off, too large, or no image is refused for what it is', async () => {
    const cases: [Uint8Array<ArrayBuffer>, number, string][] = [
      [bytes.slice(0, 300), 422, 'IMAGE_UNDECODABLE'],
      [new Uint8Array(250_000).fill(0xff), 413, 'IMAGE_TOO_LARGE'],
      [new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"/>'), 415, 'IMAGE_UNSUPPORTED'],
      [new Uint8Array(0), 400, 'REQUEST_MALFORMED'],
    ];
    for (const [body, status, code] of cases) {
      const response = await server.post(body);
      expect.soft(response.status, code).toBe(status);
      expect.soft((await problemOf(response)).code).toBe(code);
    }
  });

  it('a body over the limit is refused, whether it says its length or not', async () => {
    const large = new Uint8Array(400_000);
    const declared = await server.post(large);
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 40; i++) controller.enqueue(large.subarray(0, 10_000));
        controller.close();
      },
    });
    const init = { method: 'POST', body: stream, duplex: 'half' as const, headers: { 'content-type': 'image/jpeg' } };
    const chunked = await server.fetch('/predict', init);
    for (const response of [declared, chunked]) {
      expect(response.status).toBe(413);
      expect((await problemOf(response)).code).toBe('BODY_TOO_LARGE');
    }
  });
});

describe('POST /predict/batch', () => {
  it('answers each image for itself, in the order asked for', async () => {
    const images = [
      { id: 'good', image_base64 },
      { image_base64: base64(bytes.slice(0, 300)) },
      { id: 'url', image_url: 'http://169.254.169.254/' },
      { image_base64: base64(await scene('scene-02.jpg')) },
    ];
    const response = await server.postJson('/predict/batch', { images });
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ index, id, status }) => [index, id, status])).toEqual([
      [0, 'good', 200],
      [1, undefined, 422],
      [2, 'url', 403],
      [3, undefined, 200],
    ]);
    const alone = await answerOf(await server.post(bytes));
    expect(results[0]).toMatchObject({ boxes: alone.boxes, scores: alone.scores, labels: alone.labels });
    expect(results[1]).toMatchObject({ error: { code: 'IMAGE_UNDECODABLE' } });
  });

  it('takes several files of a form, and calls them by their names', async () => {
    const response = await server.fetch('/predict/batch', { method: 'POST', body: formOf(bytes, bytes) });
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ id, status }) => [id, status])).toEqual([
      ['0.jpg', 200],
      ['1.jpg', 200],
    ]);
  });

  it('sends a line for each image as it finishes, where NDJSON is asked for', async () => {
    const images = [{ image_base64 }, { image_base64: 'AAAAAAAA' }, { image_base64 }];
    const response = await server.postJson('/predict/batch', { images }, { accept: 'application/x-ndjson' });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    const answers = lines.map((line) => JSON.parse(line) as { index: number; status: number });
    expect(answers.map(({ index, status }) => [index, status]).sort()).toEqual([
      [0, 200],
      [1, 415],
      [2, 200],
    ]);
  });

  it('refuses more images than a request may hold', async () => {
    const images = Array.from({ length: 65 }, () => ({ image_base64: 'AAAA' }));
    expect((await problemOf(await server.postJson('/predict/batch', { images }))).errors![0]!.pointer).toBe('/images');
  });
});
