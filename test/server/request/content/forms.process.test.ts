import { beforeAll, describe, expect, it } from 'vitest';
import { PredictAnswer, ProblemAnswer } from '../../../../src/config/predict-schema.js';
import { predict, predictionsOf, predictRequest } from '../../../support/clients/label-studio.js';
import { base64, scene, TestServer } from '../../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const DATA_URL = `data:image/jpeg;base64,${image_base64}`;
const YAML = 'a photo of a cup: Tasse\n# a comment\na photo of a bottle: Flasche\n';
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

let server: TestServer;
let expected: PredictAnswer['boxes'];
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--max-bytes', '100KB', '--no-url'] });
  expected = PredictAnswer.parse(await (await server.post(bytes)).json()).boxes;
  expect(expected.length).toBeGreaterThan(1);
  return () => server[Symbol.asyncDispose]();
});

function send(body: string | Uint8Array<ArrayBuffer>, type: string | undefined, path = '/predict'): Promise<Response> {
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
  return server.fetch(path, { method: 'POST', body: new Blob([body]), headers });
}

async function boxesOf(response: Response): Promise<PredictAnswer['boxes']> {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json()).boxes;
}

async function refusalOf(response: Response): Promise<[status: number, code: string, detail: string]> {
  const { status, code, detail } = ProblemAnswer.parse(await response.json());
  return [status, code, detail];
}

describe('a body is recognised by its content', () => {
  it.each([undefined, 'application/octet-stream', FORM_TYPE, 'text/plain', 'TEXT/PLAIN;charset=UTF-8', JSON_TYPE])(
    'as an image where its type is %s',
    async (type) => expect(await boxesOf(await send(bytes, type))).toEqual(expected),
  );

  it.each([undefined, 'application/octet-stream', FORM_TYPE, 'text/plain;charset=UTF-8', JSON_TYPE])(
    'as JSON where its type is %s',
    async (type) => expect(await boxesOf(await send(` \n{"image_base64":"${image_base64}"}`, type))).toEqual(expected),
  );

  it.each([undefined, 'text/plain', FORM_TYPE])('as a data: URL where its type is %s', async (type) => {
    expect(await boxesOf(await send(`data:image/jpeg;base64,${image_base64}`, type))).toEqual(expected);
  });

  it.each([undefined, FORM_TYPE, 'text/plain'])('and refused as text where its type is %s', async (type) => {
    const [status, code, detail] = await refusalOf(await send('hello', type));
    expect([status, code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
    expect(detail).toMatch(/send an image, JSON or a form/);
  });

  it('and refused where it is empty', async () => {
    for (const response of [
      await server.fetch('/predict', { method: 'POST' }),
      await send('', undefined),
      await send('\n', FORM_TYPE),
      await send('', 'image/jpeg'),
    ]) {
      const [status, code, detail] = await refusalOf(response);
      expect([status, code]).toEqual([400, 'REQUEST_MALFORMED']);
      expect(detail).toBe('The body is empty: send an image, or JSON with image_base64 or image_url.');
    }
  });

  it('as JSON by the other routes too', async () => {
    const batch = JSON.stringify({ images: [{ image_base64 }] });
    const results = (await (await send(batch, undefined, '/predict/batch')).json()) as { results: object[] };
    expect(results).toMatchObject({ results: [{ status: 200, boxes: expected }] });
    expect((await send(JSON.stringify({ image: image_base64 }), FORM_TYPE, '/')).status).toBe(200);
    const tasks = JSON.stringify(predictRequest([DATA_URL]));
    expect((await send(tasks, undefined, '/label-studio/predict')).status).toBe(200);
    const [status, , detail] = await refusalOf(await send(bytes, undefined, '/predict/batch'));
    expect([status, detail]).toEqual([415, expect.stringMatching(/JSON with images, or a form with files/)]);
  });
});

describe('a form in a URL’s encoding', () => {
  const encoded = new URLSearchParams({ image_base64 }).toString();

  it('is read, also without a type, and with options', async () => {
    expect(await boxesOf(await send(encoded, FORM_TYPE))).toEqual(expected);
    expect(await boxesOf(await send(encoded, undefined))).toEqual(expected);
    const few = await boxesOf(await send(`${encoded}&max_detections=1&nms=false\n`, FORM_TYPE));
    expect(few).toEqual(expected.slice(0, 1));
  });

  it('with a base64 whose + was not escaped finds the same boxes, in JSON too', async () => {
    expect(image_base64).toContain('+');
    expect(await boxesOf(await send(`image_base64=${image_base64}`, FORM_TYPE))).toEqual(expected);
    const spaced = { image_base64: image_base64.replaceAll('+', ' ') };
    expect(await boxesOf(await server.postJson('/predict', spaced))).toEqual(expected);
  });

  it.each<[what: string, body: string, status: number, detail: RegExp]>([
    ['a field twice', `${encoded}&nms=true&nms=false`, 400, /comes twice/],
    ['too many fields', `${encoded}${Array.from({ length: 30 }, (_, i) => `&f${i}=1`).join('')}`, 413, /20 fields/],
    ['an unknown field', `${encoded}&treshold=1`, 422, /Did you mean "score_threshold"/],
    ['no image', 'nms=true', 422, /has no image/],
  ])('with %s is refused', async (_what, body, status, detail) => {
    const refusal = await refusalOf(await send(body, FORM_TYPE));
    expect([refusal[0], refusal[2]]).toEqual([status, expect.stringMatching(detail)]);
  });

  it('of millions of escapes is read without holding up other requests', async () => {
    const start = performance.now();
    const response = await send(`image_base64=${'%41'.repeat(8_000_000)}`, FORM_TYPE);
    expect(response.status).toBe(413);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe('a form with parts', () => {
  async function post(fields: Readonly<Record<string, string | Blob>>, path = '/predict'): Promise<Response> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    return await server.fetch(path, { method: 'POST', body: form });
  }

  it.each<[what: string, ontology: string | Blob]>([
    ['YAML', YAML],
    ['YAML in full form', 'classes:\n  - name: Tasse\n    prompts: [a photo of a cup]\n'],
    ['YAML in flow style', '{a photo of a cup: Tasse}'],
    ['JSON', JSON.stringify({ 'a photo of a cup': 'Tasse' })],
    ['a file', new Blob([YAML])],
  ])('may have an ontology as %s', async (_what, ontology) => {
    const response = await post({ image: new Blob([bytes]), ontology });
    expect(response.status).toBe(200);
    const { labels } = PredictAnswer.parse(await response.json());
    expect(labels).toContain('Tasse');
    expect(labels.every((label) => ['Tasse', 'Flasche'].includes(label))).toBe(true);
  });

  it('may have its ontology as YAML in the query string and in JSON as well', async () => {
    const query = `?ontology=${encodeURIComponent(YAML)}`;
    const answers = [
      await server.post(bytes, { query }),
      await server.postJson('/predict', { image_base64, ontology: YAML }),
    ];
    for (const answer of answers) expect(PredictAnswer.parse(await answer.json()).labels).toContain('Tasse');
  });

  it.each<[what: string, ontology: string, detail: RegExp]>([
    ['broken YAML', 'a: [b', /^\/ontology: It is neither JSON nor YAML: ontology:1:/],
    ['a text', 'cup', /^\/ontology: It must be a JSON object, not "cup"/],
    ['a list', '- cup', /^\/ontology: It must be a JSON object, not a list/],
    ['an alias bomb', bomb(), /^\/ontology: It is neither JSON nor YAML: /],
    ['60,000 characters of YAML', 'a: b # '.padEnd(60_000, 'x'), /^\/ontology: It is longer than 50000 characters/],
    ['nothing', '', /^\/ontology: It must be a JSON object, not null/],
  ])('is refused with %s as ontology', async (_what, ontology, detail) => {
    const refusal = await refusalOf(await post({ image: new Blob([bytes]), ontology }));
    expect(refusal).toEqual([422, 'REQUEST_INVALID', expect.stringMatching(detail)]);
  });

  it('may have the image as a text field', async () => {
    expect(await boxesOf(await post({ image_base64 }))).toEqual(expected);
    expect(await boxesOf(await post({ image_url: `data:image/jpeg;base64,${image_base64}` }))).toEqual(expected);
  });

  it('is refused without an image, and with two', async () => {
    expect(await refusalOf(await post({ nms: 'true' }))).toEqual([
      422,
      'REQUEST_INVALID',
      expect.stringMatching(/has no image/),
    ]);
    const two = await refusalOf(await post({ image: new Blob([bytes]), image_url: 'http://x/' }));
    expect(two).toEqual([422, 'REQUEST_INVALID', expect.stringMatching(/\/image_url: The form has a file too/)]);
    const batch = await refusalOf(await post({ nms: 'true' }, '/predict/batch'));
    expect(batch).toEqual([422, 'REQUEST_INVALID', 'The form has no file.']);
  });
});

describe('a data: URL as image_url', () => {
  const ask = (image_url: string) => server.postJson('/predict', { image_url });

  it('is decoded, also where no URL is fetched', async () => {
    expect(await boxesOf(await ask(`data:image/jpeg;base64,${image_base64}`))).toEqual(expected);
    expect(await boxesOf(await ask(`data:;base64,${encodeURIComponent(image_base64)}`))).toEqual(expected);
    const batch = await server.postJson('/predict/batch', { images: [{ image_url: `data:,${'x'.repeat(9000)}` }] });
    expect(await batch.json()).toMatchObject({ results: [{ status: 415, error: { code: 'IMAGE_UNSUPPORTED' } }] });
  });

  it('has the limits of other images', async () => {
    const large = Buffer.concat([bytes, Buffer.alloc(100_000)]);
    expect(await refusalOf(await ask(`data:;base64,${base64(large)}`))).toMatchObject({ 0: 413, 1: 'IMAGE_TOO_LARGE' });
    expect(await refusalOf(await ask('data:image/png;base64,AAAA'))).toMatchObject({ 0: 415, 1: 'IMAGE_UNSUPPORTED' });
    expect(await refusalOf(await ask('data:image/png;base64,!!'))).toMatchObject({ 0: 422, 1: 'REQUEST_INVALID' });
    expect(await refusalOf(await ask('data:image/png'))).toEqual([
      422,
      'REQUEST_INVALID',
      expect.stringMatching(/without a comma/),
    ]);
    expect(await refusalOf(await ask(`http://x/${'a'.repeat(9000)}`))).toMatchObject({ 0: 422, 1: 'REQUEST_INVALID' });
  });

  it('is decoded for tasks of Label Studio as well, in capitals and with unescaped + signs', async () => {
    const url = `DATA:image/jpeg;base64,${image_base64.replaceAll('+', ' ')}`;
    const [plain, odd] = await predictionsOf(await predict(server, predictRequest([DATA_URL, url])));
    expect(odd!.result).toHaveLength(plain!.result.length);
    expect(plain!.result.length).toBeGreaterThan(1);
  });
});

function bomb(): string {
  const lines = ['a: &a0 [x, x]'];
  for (let i = 1; i < 30; i++) lines.push(`b${i}: &a${i} [*a${i - 1}, *a${i - 1}]`);
  return lines.join('\n');
}
