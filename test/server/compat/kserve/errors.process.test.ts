import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProblemAnswer } from '../../../../src/config/predict-schema.js';
import { rawAnswer, times } from '../../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../../support/server.js';

const INFER = '/v2/models/preannotate/infer';
const first = await scene('scene-01.jpg');
const request = { inputs: [{ name: 'image', shape: [1], datatype: 'BYTES', data: [base64(first)] }] };

let server: TestServer;
beforeAll(async () => {
  const limits = [
    '--workers-per-device',
    '1',
    '--queue-items',
    '1',
    '--body-limit',
    '100KB',
    '--receive-timeout-sec',
    '1',
  ];
  server = await TestServer.ready({ slowMs: 500, args: [...limits, '--allow-private'] });
});
afterAll(() => server[Symbol.asyncDispose]());

/** The text of an answer that has nothing else. */
async function errorOf(response: Response): Promise<string> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  const body = (await response.json()) as { error: string };
  expect(Object.keys(body)).toEqual(['error']);
  expect(body.error).toMatch(/\.$/);
  return body.error;
}

function send(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  return server.fetch(path, { method, ...init });
}

describe('an error below /v2 is {"error": …}', () => {
  it.each([
    ['GET', '/v2/nothing'],
    ['GET', '/v2/'],
    ['POST', '/v2/models'],
    ['GET', '/v2/models/preannotate/versions/1/nothing?x=1'],
    ['POST', '/v2/models/preannotate/generate'],
    ['DELETE', '/v2/repository'],
    ['GET', '/v2/models/yolo/config'],
    ['GET', '/v2/models/preannotate/versions/2/config'],
  ])('404: %s %s', async (method, path) => {
    const response = await send(method, path);
    expect(response.status).toBe(404);
    await errorOf(response);
  });

  it.each([
    ['GET', INFER, 'POST'],
    ['PUT', '/v2/models/preannotate/versions/1/infer', 'POST'],
    ['POST', '/v2', 'GET'],
    ['POST', '/v2/models/preannotate', 'GET'],
    ['DELETE', '/v2/models/preannotate/ready', 'GET'],
    ['POST', '/v2/health/live', 'GET'],
    ['GET', '/v2/repository/index', 'POST'],
    ['POST', '/v2/models/preannotate/config', 'GET'],
    ['PUT', '/v2/systemsharedmemory/status', 'GET, POST'],
  ])('405: %s %s takes %3$s', async (method, path, allow) => {
    const response = await send(method, path);
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
    expect(await errorOf(response)).toBe(`This address takes ${allow}.`);
  });

  it.each<[status: number, what: string, init: RequestInit, message: RegExp]>([
    [400, 'broken JSON', { body: '{"inputs":' }, /not JSON/],
    [400, 'no body', {}, /empty/],
    [400, 'a deadline that is no number', { headers: { 'x-request-timeout-ms': 'soon' } }, /X-Request-Timeout-Ms/],
    [413, 'a body that is too large', { body: 'x'.repeat(110_000) }, /100000 bytes/],
    [415, 'a type that is not read', { headers: { 'content-type': 'text/xml' } }, /text\/xml/],
    [415, 'an encoding that is not read', { headers: { 'content-encoding': 'br' } }, /gzip or deflate/],
    [422, 'a field that is wrong', { body: '{"inputs":[]}' }, /inputs/],
    [
      504,
      'a deadline that passes',
      { headers: { 'x-request-timeout-ms': '100' }, body: JSON.stringify(request) },
      /100 ms/,
    ],
  ])('%i: %s', async (status, _what, init, message) => {
    const headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
    const response = await send('POST', INFER, { body: '', ...init, headers });
    expect(response.status).toBe(status);
    expect(await errorOf(response)).toMatch(message);
    await server.until(async () => (await server.metric('admitted_items')) === 0);
  });

  it('429: a full queue', async () => {
    const pending = times(3, () => server.postJson(INFER, request));
    const responses = await Promise.all(pending);
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 429, 429]);
    const refused = responses.find(({ status }) => status === 429)!;
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    await errorOf(refused);
  });

  it.each<[status: number, what: string, text: string]>([
    [400, 'an address that cannot be decoded', `GET /v2/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`],
    [400, 'a foreign host name', `GET /v2 HTTP/1.1\r\nHost: other.test\r\nConnection: close\r\n\r\n`],
    [400, 'a header that is not HTTP', `GET /v2 HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n`],
    [431, 'headers that are too large', `GET /v2 HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(10_000)}\r\n\r\n`],
    [
      408,
      'a body that does not arrive',
      `POST ${INFER} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ],
  ])('%i: %s', async (status, _what, text) => {
    const answer = await rawAnswer(server.url, text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*content-type: application/json`, 'i'));
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    expect(Object.keys(JSON.parse(body) as object)).toEqual(['error']);
  });

  it.each([
    ['POST', '/v2/repository/models/preannotate/load', /one model/],
    ['POST', '/v2/repository/models/yolo/unload', /one model/],
    ['GET', '/v2/models/stats', /\/metrics/],
    ['GET', '/v2/models/preannotate/stats', /\/metrics/],
    ['GET', '/v2/models/preannotate/versions/1/stats', /\/metrics/],
    ['GET', '/v2/systemsharedmemory/status', /Shared memory/],
    ['POST', '/v2/cudasharedmemory/region/pictures/register', /Shared memory/],
    ['GET', '/v2/trace/setting', /Tracing/],
    ['POST', '/v2/models/preannotate/trace/setting', /Tracing/],
    ['GET', '/v2/logging', /logging/],
  ])('501: %s %s, which Triton has and this server has not', async (method, path, reason) => {
    const response = await send(method, path);
    expect(response.status).toBe(501);
    expect(await errorOf(response)).toMatch(reason);
  });
});

describe('Triton’s clients can read', () => {
  it.each(['/v2/models/preannotate/config', '/v2/models/preannotate/versions/1/config'])(
    'the configuration of the model at %s',
    async (path) => {
      const response = await server.fetch(path);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        name: 'preannotate',
        max_batch_size: 0,
        input: [{ name: 'image', data_type: 'TYPE_STRING', dims: [-1] }],
        output: [
          { name: 'boxes', data_type: 'TYPE_FP32', dims: [-1, 4] },
          { name: 'scores', data_type: 'TYPE_FP32', dims: [-1] },
          { name: 'labels', data_type: 'TYPE_STRING', dims: [-1] },
          { name: 'image_index', data_type: 'TYPE_INT32', dims: [-1] },
        ],
      });
    },
  );

  it('the index of the repository', async () => {
    const expected = [{ name: 'preannotate', version: '1', state: 'READY', reason: '' }];
    for (const body of [{}, { ready: true }]) {
      const response = await server.postJson('/v2/repository/index', body);
      expect([response.status, await response.json()]).toEqual([200, expected]);
    }
  });
});

it('a server with API keys answers 401 in the same form, also where there is no route', async () => {
  await using own = await TestServer.listening({ env: { PREANNOTATE_API_KEYS: 'a-key-of-this-test' } });
  for (const path of ['/v2', '/v2/nothing', '/v2/models/preannotate/config', '/v2/repository/index']) {
    const response = await own.fetch(path);
    expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
    await errorOf(response);
  }
});

it('a server without this protocol, and addresses that only begin like it, have the usual form', async () => {
  await using own = await TestServer.listening({ args: ['--compat', 'cvat'] });
  const answers = [await own.fetch('/v2'), await own.fetch('/v2/models/x'), await server.fetch('/v2x')];
  for (const response of answers) {
    expect(ProblemAnswer.parse(await response.json())).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  }
});

it.each([
  ['DELETE', '/api/functions/preannotate', 'GET'],
  ['POST', '/api/functions/preannotate', 'GET'],
  ['GET', '/predict', 'POST'],
])('%s %s, with and without parameters in the address, is answered 405', async (method, path, allow) => {
  const response = await send(method, path);
  expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
});
