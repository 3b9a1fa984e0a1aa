import { beforeAll, describe, expect, it } from 'vitest';
import { ProblemAnswer } from '../../../src/config/predict-schema.js';
import { codeOf, timed, times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const NO_IMAGE = 'AAAAAAAA';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--workers-per-device', '1'] });
  return () => server[Symbol.asyncDispose]();
});

function sendText(body: string, path = '/predict'): Promise<Response> {
  return server.fetch(path, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
}

const nested = (opening: string, closing: string) => opening.repeat(100_000) + closing.repeat(100_000);

function manyPrompts(count: number): Record<string, string> {
  return Object.fromEntries(times(count, (i) => [`p${i}`, 'c']));
}

function manyTexts(prompts: number, templates: number) {
  return {
    templates: times(templates, (i) => `photo ${i} of {}`),
    classes: [{ name: 'c', prompts: Object.keys(manyPrompts(prompts)) }],
  };
}

describe('a body of JSON', () => {
  it.each<[what: string, status: number, body: string]>([
    ['nothing', 400, ''],
    ['white space', 400, ' \n'],
    ['an object that is cut off', 400, `{"image_base64":"${image_base64.slice(0, 50)}`],
    ['half an object', 400, '{"image_base64":'],
    ['a key without a value', 400, '{"image_base64"'],
    ['text after a value', 400, 'null,'],
    ['a NUL', 400, '\u0000'],
    ['single quotes', 400, "{'a':1}"],
    ['NaN', 400, '{"image_base64":"AAAA","nms_iou":NaN}'],
    ['100,000 levels of lists', 400, nested('[', ']')],
    ['100,000 levels of objects', 400, nested('{"a":', '}')],
    ['100,000 levels of lists in its ontology', 400, `{"image_base64":"AAAA","ontology":${nested('[', ']')}}`],
    ['two values', 400, '{}{}'],
    ['a key twice', 400, `{"image_base64":"AAAA","image_base64":"${image_base64}"}`],
    ['a key twice, once escaped', 400, `{"ontology":{"a: b":"c","a\\u003a b":"d"},"image_base64":"AAAA"}`],
    ['a byte order mark', 200, `\uFEFF{"image_base64":"${image_base64}"}`],
    ['a string of 10 MB', 422, `{"image_base64":"${'!'.repeat(10_000_000)}"}`],
    ['a key of 10 MB', 422, `{"${'k'.repeat(10_000_000)}":1}`],
    ['__proto__', 422, '{"__proto__":{"x":1},"image_base64":"AAAA"}'],
    ['a constructor', 422, '{"constructor":{"prototype":{"x":1}},"image_base64":"AAAA"}'],
    ['a number that is too large for a double', 422, '{"image_base64":"AAAA","nms_iou":1e999}'],
    ['100,000 images', 422, JSON.stringify({ images: times(100_000, () => 0) })],
  ])('with %s is answered %d within two seconds and briefly', async (_what, status, body) => {
    const [response, ms] = await timed(() => sendText(body));
    expect(response.status).toBe(status);
    const text = await response.text();
    if (status === 400) expect(JSON.parse(text)).toMatchObject({ code: 'REQUEST_MALFORMED' });
    if (status !== 200) expect(JSON.parse(text)).toMatchObject({ code: expect.stringMatching(/^[A-Z_]+$/), status });
    expect(text.length).toBeLessThan(20_000); // it does not give all of it back
    expect(ms).toBeLessThan(2000);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect((await server.fetch('/livez')).status).toBe(200);
  });

  it.each<[what: string, body: object, status: number]>([
    ['150,000 images that are numbers', { images: times(150_000, () => 1) }, 422],
    ['500,000 values', { images: times(500_000, () => 1) }, 400],
    ['an ontology of 100,000 prompts', { image_base64, ontology: manyPrompts(100_000) }, 422],
    ['100,000 unknown fields', { image_base64, ...manyPrompts(100_000) }, 422],
    ['a class name of 10 MB', { image_base64, ontology: { 'a cat': 'c'.repeat(10_000_000) } }, 422],
    ['90 prompts times 90 templates', { image_base64, ontology: manyTexts(90, 90) }, 422],
  ])('with %s is refused without holding up other requests', async (_what, body, status) => {
    let longestMs = 0;
    const probing = new AbortController();
    const probe = async () => {
      while (!probing.signal.aborted) {
        const [, ms] = await timed(async () => (await server.fetch('/livez')).text());
        longestMs = Math.max(longestMs, ms);
      }
    };
    const probes = probe();
    const response = await server.postJson('images' in body ? '/predict/batch' : '/predict', body);
    probing.abort();
    await probes;
    expect(response.status).toBe(status);
    expect((await response.text()).length).toBeLessThan(30_000);
    expect(longestMs).toBeLessThan(2000); // it was half a minute
  });

  it.each<[what: string, body: string, status: number, code: string]>([
    ['a list', '[]', 422, 'REQUEST_INVALID'],
    ['no image', '{}', 422, 'REQUEST_INVALID'],
    ['two images', '{"image_base64":"aaaa","image_url":"http://x"}', 422, 'REQUEST_INVALID'],
    ['an image that is not base64', '{"image_base64":"!!!"}', 422, 'REQUEST_INVALID'],
    ['base64 of something else', `{"image_base64":"${NO_IMAGE}"}`, 415, 'IMAGE_UNSUPPORTED'],
    ['an unknown field', '{"image_base64":"aaaa","treshold":1}', 422, 'REQUEST_INVALID'],
    ['a threshold below the score floor', '{"image_base64":"aaaa","score_threshold":0.01}', 422, 'REQUEST_INVALID'],
    ['an ontology without classes', '{"image_base64":"aaaa","ontology":{"classes":[]}}', 422, 'ONTOLOGY_INVALID'],
    ['the URL of a private address', '{"image_url":"http://127.0.0.1:1/"}', 403, 'URL_REFUSED'],
  ])('with %s is refused with its own code', async (_what, body, status, code) => {
    const response = await sendText(body);
    expect([response.status, await codeOf(response)]).toEqual([status, code]);
  });

  it.each<[what: string, fields: object, pointers: string[]]>([
    ['two wrong fields', { score_threshold: 'high', nms_iou: 2 }, ['/score_threshold', '/nms_iou']],
    ['an unknown field', { 'a/b': 1 }, ['/a~1b']],
    [
      'a class without prompts',
      { ontology: { classes: [{ name: 'a', prompts: [] }] } },
      ['/ontology/classes/0/prompts'],
    ],
    ['a prompt too long for the model', { ontology: { [`a ${'very '.repeat(30)}long one`]: 'x' } }, ['/ontology']],
    ['a prompt too long for any model', { ontology: { [`a ${'very '.repeat(60)}long one`]: 'x' } }, ['/ontology']],
  ])('with %s is answered with JSON pointers to the mistakes', async (_what, fields, pointers) => {
    const response = await server.postJson('/predict', { image_base64, ...fields });
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const { status, request_id, errors } = ProblemAnswer.parse(await response.json());
    expect([status, request_id]).toEqual([422, response.headers.get('x-request-id')]);
    expect(errors!.map(({ pointer }) => pointer).sort()).toEqual([...pointers].sort());
  });

  it('with more than 20 mistakes is answered with the first 20, and none of them at length', async () => {
    const images = times(60, () => ({ 'an-unknown-field': 1 }));
    const response = await server.postJson('/predict/batch', { images });
    expect(response.status).toBe(422);
    const text = await response.text();
    expect((JSON.parse(text) as { errors: object[] }).errors).toHaveLength(20);
    expect(text.length).toBeLessThan(20_000);
    const ontology = { ['k'.repeat(1_000_000)]: 1 };
    const long = await server.postJson('/predict', { image_base64, ontology });
    expect((await long.text()).length).toBeLessThan(5000);
  });
});
