import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { ProblemAnswer } from '../../../src/config/predict-schema.js';
import { ROOT } from '../../support/model/golden.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({
    args: ['--max-pixels', '100000', '--max-bytes', '100KB'],
    fault: 'images/no-heic.mjs',
  });
  return () => server[Symbol.asyncDispose]();
});

async function problemOf(response: Response) {
  return ProblemAnswer.parse(await response.json());
}

const latin1 = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const grey = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: '#777' } });

describe('the hint of an answer', () => {
  it.each<[what: string, make: () => Uint8Array | Promise<Uint8Array>, code: string, hint: RegExp]>([
    ['a text', () => readFile(join(ROOT, 'README.md')), 'IMAGE_UNSUPPORTED', /^Send a JPEG, PNG/],
    ['nothing that is known', () => latin1('\x01\x02\x03'), 'IMAGE_UNSUPPORTED', /^Send a JPEG, PNG/],
    ['a PDF', () => latin1('%PDF-1.7'), 'IMAGE_UNSUPPORTED', /Save its pages as images/],
    ['an iPhone’s image', () => latin1('\0\0\0\x18ftypheic'), 'IMAGE_UNSUPPORTED', /heif-convert/],
    ['a truncated image', () => bytes.slice(0, 300), 'IMAGE_UNDECODABLE', /cut off/],
    ['too many pixels', () => grey(400, 300).png().toBuffer(), 'IMAGE_TOO_LARGE', /smaller version/],
    ['too many bytes', () => new Uint8Array(110_000).fill(0xff), 'IMAGE_TOO_LARGE', /smaller version/],
  ])('about %s tells what a client can do, without options of the command line', async (_what, make, code, hint) => {
    const sent = Uint8Array.from(await make());
    const form = new FormData();
    form.append('image', new Blob([sent]), 'a.jpg');
    const answers = [await server.post(sent), await server.fetch('/predict', { method: 'POST', body: form })];
    for (const answer of answers) {
      const problem = await problemOf(answer);
      expect(problem.code).toBe(code);
      expect(problem.hint).toMatch(hint);
      expect(JSON.stringify(problem)).not.toMatch(/--\w|run the same command|folder/);
    }
  });

  it('about a prompt that is too long, or a key that is misspelt, has no options either', async () => {
    const long = `a ${'very '.repeat(30)}long one`;
    for (const [ontology, detail] of [
      [{ [long]: 'x' }, /Shorten the prompts\.$/],
      [{ clases: [{ name: 'a', prompts: ['b'] }] }, /classes/],
      [{ classes: [] }, /cannot be used\.$/],
    ] as const) {
      const problem = await problemOf(await server.postJson('/predict', { image_base64, ontology }));
      expect(problem.code).toBe('ONTOLOGY_INVALID');
      expect(problem.detail).toMatch(detail);
      expect(JSON.stringify(problem)).not.toMatch(/--\w|of the package/);
    }
  });

  it('is in the answers of batches and in errors below /v2', async () => {
    const body = { images: [{ image_base64: base64(latin1('%PDF-1.7')) }] };
    const batch = (await (await server.postJson('/predict/batch', body)).json()) as { results: { error: object }[] };
    expect(batch.results[0]!.error).toMatchObject({ hint: 'Save its pages as images.' });
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: [base64(latin1('%PDF-1.7'))] }];
    const infer = await server.postJson('/v2/models/preannotate/infer', { inputs });
    expect(await infer.json()).toEqual({ error: expect.stringMatching(/PDF document.*Save its pages as images\.$/) });
  });
});

describe('a wrong field is described in sentences', () => {
  it.each<[body: unknown, pointer: string, detail: string]>([
    [{}, '', 'The body has no image: give image_base64 or image_url.'],
    [{ score_threshold: 0.2 }, '', 'The body has no image: give image_base64 or image_url.'],
    [{ image_base64, image_url: 'http://x/' }, '', 'The body has both image_base64 and image_url: give one of them.'],
    [[], '', 'The body must be a JSON object, not a list.'],
    [null, '', 'The body must be a JSON object, not null.'],
    ['text', '', 'The body must be a JSON object, not "text".'],
    [{ image: image_base64 }, '/image', 'There is no field "image". Did you mean "image_base64"?'],
    [{ image_base64, treshold: 1 }, '/treshold', 'There is no field "treshold". Did you mean "score_threshold"?'],
    [
      { image_base64, scoreThreshold: 1 },
      '/scoreThreshold',
      'There is no field "scoreThreshold". Did you mean "score_threshold"?',
    ],
    [{ image_base64, prompts: ['a'] }, '/prompts', 'There is no field "prompts". Did you mean "ontology"?'],
    [{ image_base64, iou: 0.5 }, '/iou', 'There is no field "iou". Did you mean "nms_iou"?'],
    [{ image_base64: 5 }, '/image_base64', 'It must be text, not 5. Put quotes around it: "5".'],
    [{ image_base64: null }, '/image_base64', 'It must be text, not null.'],
    [{ image_base64: '' }, '/image_base64', 'It is empty.'],
    [{ image_base64, nms: 'maybe' }, '/nms', 'It must be true or false, not "maybe".'],
    [{ image_base64, ontology: ['a'] }, '/ontology', 'It must be a JSON object, not a list.'],
  ])('%j', async (body, pointer, detail) => {
    const response = await server.postJson('/predict', body);
    expect(response.status).toBe(422);
    const problem = await problemOf(response);
    expect(problem.errors![0]).toEqual({ pointer, detail });
    expect(problem.detail.startsWith(pointer === '' ? detail : `${pointer}: ${detail}`)).toBe(true);
  });

  it('also inside a batch, in a query string, and with the fields there are where none is near', async () => {
    const batch = await problemOf(await server.postJson('/predict/batch', { images: [{ url: 'http://x/' }] }));
    const url = { pointer: '/images/0/url', detail: 'There is no field "url". Did you mean "image_url"?' };
    expect(batch.errors![0]).toEqual(url);
    const empty = await problemOf(await server.postJson('/predict/batch', {}));
    expect(empty.errors).toEqual([{ pointer: '/images', detail: 'It is missing.' }]);
    const query = await problemOf(await server.post(bytes, { query: '?conf=0.3' }));
    expect(query.detail).toBe('/conf: There is no field "conf". Did you mean "score_threshold"?');
    const far = await problemOf(await server.postJson('/predict', { image_base64, zzzzzzzzzzzz: 1 }));
    expect(far.detail).toMatch(/There is no field "zzzzzzzzzzzz"\. The fields are image_base64, image_url, ontology, /);
  });

  it.each(['/predict', '/predict/batch', '/', '/label-studio/predict'])(
    'and so is an empty body of %s',
    async (path) => {
      const headers = { 'content-type': 'application/json' };
      const problem = await problemOf(await server.fetch(path, { method: 'POST', body: '', headers }));
      expect([problem.status, problem.detail]).toEqual([400, 'The body is empty; JSON was expected.']);
    },
  );
});
