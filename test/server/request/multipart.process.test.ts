import { beforeAll, describe, expect, it } from 'vitest';
import { BatchAnswer, PredictAnswer } from '../../../src/config/predict-schema.js';
import { codeOf, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');

let server: TestServer;
beforeAll(async () => {
  const sizes = ['--body-limit', '110MB', '--max-bytes', '101MB'];
  const times = ['--timeout-sec', '100', '--receive-timeout-sec', '100'];
  server = await TestServer.ready({ args: [...sizes, ...times] });
  return () => server[Symbol.asyncDispose]();
});

function formOf(names: readonly string[], field = 'image'): FormData {
  const form = new FormData();
  for (const name of names) form.append(field, new Blob([bytes]), name);
  return form;
}

function post(path: string, body: FormData): Promise<Response> {
  return server.fetch(path, { method: 'POST', body });
}

/** A form as written by hand: fetch names every file. */
function postPart(path: string, headers: readonly string[], body: Uint8Array): Promise<Response> {
  const start = ['--cut', 'Content-Disposition: form-data; name="image"', ...headers, '', ''].join('\r\n');
  return server.fetch(path, {
    method: 'POST',
    body: Buffer.concat([Buffer.from(start), body, Buffer.from('\r\n--cut--\r\n')]),
    headers: { 'content-type': 'multipart/form-data; boundary=cut' },
  });
}

async function labelsOf(response: Response): Promise<string[]> {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json()).labels;
}

describe('a form', () => {
  it.each([[[]], [['Content-Type: image/jpeg']], [['Content-Type: application/octet-stream']]])(
    'with an image that has no file name, and with part headers %j, is read',
    async (headers) => {
      const expected = await labelsOf(await server.post(bytes));
      expect(await labelsOf(await postPart('/predict', headers, bytes))).toEqual(expected);
      const batch = await postPart('/predict/batch', headers, bytes);
      const { results } = (await batch.json()) as { results: object[] };
      expect(results).toMatchObject([{ index: 0, status: 200, labels: expected }]);
      expect(results[0]).not.toHaveProperty('id');
    },
  );

  it('with several files is answered as a batch whose ids are the file names', async () => {
    const response = await post('/predict/batch', formOf(['0.jpg', '1.jpg']));
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ id, status }) => [id, status])).toEqual([
      ['0.jpg', 200],
      ['1.jpg', 200],
    ]);
  });

  it('with a file of 100 MB is read where --body-limit and --max-bytes allow that', async () => {
    const form = new FormData();
    form.append('image', new Blob([bytes, new Uint8Array(100_000_000 - bytes.length)]), 'large.jpg');
    const response = await post('/predict', form);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ width: 320, height: 240 });
  });

  it.each<[what: string, type: string, body: string]>([
    ['without a boundary', 'multipart/form-data', '--x--'],
    [
      'that is cut off',
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\nab',
    ],
  ])('%s is answered 400', async (_what, type, body) => {
    const response = await server.fetch('/predict', { method: 'POST', body, headers: { 'content-type': type } });
    expect([response.status, await codeOf(response)]).toEqual([400, 'REQUEST_MALFORMED']);
  });

  it.each(['file', 'upload', 'images[]', ''])('with its file in the field "%s" is read', async (field) => {
    const expected = await labelsOf(await server.post(bytes));
    expect(await labelsOf(await post('/predict', formOf(['a.jpg'], field)))).toEqual(expected);
    const batch = (await (await post('/predict/batch', formOf(['a.jpg', 'b.jpg'], field))).json()) as {
      results: object[];
    };
    expect(batch.results).toMatchObject([
      { id: 'a.jpg', status: 200 },
      { id: 'b.jpg', status: 200 },
    ]);
  });

  it('with several files for one image is answered 413', async () => {
    expect((await post('/predict', formOf(['a.jpg', 'b.jpg']))).status).toBe(413);
  });

  it('with 100 files or 1,000 fields is answered 413', async () => {
    expect((await post('/predict/batch', formOf(times(100, String)))).status).toBe(413);
    const fields = formOf(['a.jpg']);
    for (let i = 0; i < 1000; i++) fields.append(`field-${i}`, 'x');
    expect((await post('/predict', fields)).status).toBe(413);
  });

  it('with file names that are paths, markup or very long is answered with ids of at most 200 characters', async () => {
    const names = ['../../etc/passwd', '<script>alert(1)</script>', 'a"b\\c', 'n'.repeat(10_000), '\u0000', 'a\r\nb'];
    const response = await post('/predict/batch', formOf(names));
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ status }) => status)).toEqual(names.map(() => 200));
    for (const { id } of results) expect(id!.length).toBeLessThanOrEqual(200);
  });
});
