import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PredictAnswer, ProblemAnswer } from '../../src/config/predict-schema.js';
import { base64, scene, TestServer } from '../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

/** A form as written by hand: fetch names every file. */
function postPart(path: string, headers: readonly string[], body: Uint8Array): Promise<Response> {
  const start = ['--cut', 'Content-Disposition: form-data; name="image"', ...headers, '', ''].join('\r\n');
  return server.fetch(path, {
    method: 'POST',
    body: Buffer.concat([Buffer.from(start), body, Buffer.from('\r\n--cut--\r\n')]),
    headers: { 'content-type': 'multipart/form-data; boundary=cut' },
  });
}

const labelsOf = async (response: Response) => {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json()).labels;
};

describe('a form', () => {
  it.each([[[]], [['Content-Type: image/jpeg']], [['Content-Type: application/octet-stream']]])(
    'with an image that has no file name, and of headers %j, is read',
    async (headers) => {
      const expected = await labelsOf(await server.post(bytes));
      expect(await labelsOf(await postPart('/predict', headers, bytes))).toEqual(expected);
      const batch = await postPart('/predict/batch', headers, bytes);
      const { results } = (await batch.json()) as { results: object[] };
      expect(results).toMatchObject([{ index: 0, status: 200, labels: expected }]);
      expect(results[0]).not.toHaveProperty('id');
    },
  );
});

describe('options in the address', () => {
  const query = '?score_threshold=0.99';
  const form = () => {
    const data = new FormData();
    data.append('image', new Blob([bytes]), 'one.jpg');
    return data;
  };

  it('count whatever the body is', async () => {
    expect((await labelsOf(await server.postJson('/predict', { image_base64 }))).length).toBeGreaterThan(2);
    expect(await labelsOf(await server.postJson(`/predict${query}`, { image_base64 }))).toEqual([]);
    expect(await labelsOf(await server.fetch(`/predict${query}`, { method: 'POST', body: form() }))).toEqual([]);
    const images = [{ image_base64 }];
    for (const answer of [
      await server.postJson(`/predict/batch${query}`, { images }),
      await server.fetch(`/predict/batch${query}`, { method: 'POST', body: form() }),
    ]) {
      expect(await answer.json()).toMatchObject({ results: [{ status: 200, labels: [] }] });
    }
  });

  it('give way to those of the body', async () => {
    const found = await labelsOf(await server.postJson(`/predict${query}`, { image_base64, score_threshold: 0.4 }));
    expect(found.length).toBeGreaterThan(2);
  });

  it.each(['?treshold=0.9', '?score_threshold=much', '?image_url=http://127.0.0.1/'])(
    'that cannot be are refused, whatever the body is: %s',
    async (wrong) => {
      expect((await server.postJson(`/predict${wrong}`, { image_base64 })).status).toBe(422);
      expect((await server.fetch(`/predict${wrong}`, { method: 'POST', body: form() })).status).toBe(422);
      expect((await server.post(bytes, { query: wrong })).status).toBe(422);
    },
  );

  it('ask for no more boxes than are kept', async () => {
    expect((await server.post(bytes, { query: '?max_detections=300' })).status).toBe(200);
    const { code, detail } = ProblemAnswer.parse(
      await (await server.post(bytes, { query: '?max_detections=301' })).json(),
    );
    expect([code, detail]).toEqual(['REQUEST_INVALID', expect.stringContaining('--max-detections')]);
  });
});
