import { expect, it } from 'vitest';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const INTERNALS = /\bat .*:\d+:\d+|node:internal|\.js:\d+|secret/;

it('a model that fails is answered 503 without any internals, which are in the log', async () => {
  await using server = await TestServer.ready({ fault: 'no-infer.mjs', args: ['--workers-per-device', '1'] });
  const single = await server.post(bytes);
  const batch = await server.postBatch([bytes]);
  const texts = [await single.text(), await batch.text()];
  expect(single.status).toBe(503);
  expect(JSON.parse(texts[0]!)).toMatchObject({ code: 'WORKER_CRASHED', status: 503 });
  expect(JSON.parse(texts[1]!)).toMatchObject({ results: [{ status: 503, error: { code: 'WORKER_CRASHED' } }] });
  for (const text of texts) expect(text).not.toMatch(INTERNALS);
  expect(server.running.stderr).toMatch(/"code":"WORKER_CRASHED","msg":"[^"]*exit code 1[^"]*a secret of the model/);
});

it('a bug of the server is answered 500 with only a code and a request id, and the next request works', async () => {
  await using server = await TestServer.ready({ fault: 'server/bug.mjs' });
  const response = await server.postJson('/predict', { image_base64: base64(Buffer.from('BUGxxx')) });
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL', request_id: response.headers.get('x-request-id') });
  expect(text).not.toMatch(INTERNALS);
  expect(server.running.stderr).toContain('a secret of the server');
  expect((await server.post(bytes)).status).toBe(200);
});
