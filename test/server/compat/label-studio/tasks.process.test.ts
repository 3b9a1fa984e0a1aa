import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONFIG,
  predictRequest,
  setupRequest,
  dataUrl,
  predictionsOf,
  predict,
} from '../../../support/clients/label-studio.js';
import { scene, TestServer } from '../../../support/server.js';
import { startWebServer } from '../../../support/servers/web-server.js';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('many tasks', () => {
  it('are annotated in turn where they are more than the queue of the server holds', async () => {
    await using small = await TestServer.ready({ args: ['--request-images', '3', '--queue-items', '2'] });
    const images = Array.from({ length: 7 }, () => '');
    const image = await dataUrl('scene-01.jpg');
    const results = await predictionsOf(await predict(small, predictRequest(images.map(() => image))));
    expect(results).toHaveLength(7);
    for (const { result } of results) expect(result.length).toBeGreaterThan(2);
    expect(await small.metric('admitted_items')).toBe(0);
  });

  it('fail together at the deadline, because empty results would be stored as predictions', async () => {
    await using slow = await TestServer.ready({ slowMs: 250, args: ['--workers-per-device', '1'] });
    const image = await dataUrl('scene-01.jpg');
    const body = predictRequest(Array.from({ length: 20 }, () => image)); // 5 s
    for (const ms of [1000, 1]) {
      const late = await slow.postJson('/label-studio/predict', body, { 'x-request-timeout-ms': String(ms) });
      expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([504, 'DEADLINE_PASSED']);
    }
  });
});

describe('an ML backend for Label Studio', () => {
  it('is up, and accepts every webhook', async () => {
    for (const path of ['/label-studio', '/label-studio/health']) {
      const response = await server.fetch(path);
      expect(await response.json()).toEqual({ status: 'UP', model_class: 'preannotate' });
    }
    const event = { action: 'ANNOTATION_CREATED', annotation: { id: 1, result: [] }, project: { id: 1 } };
    for (const path of ['/label-studio/webhook', '/label-studio/train']) {
      const response = await server.postJson(path, event);
      expect([response.status, await response.json()]).toEqual([201, { status: 'ok' }]);
    }
  });

  it('returns from setup the version that predictions will have, which changes with the labels', async () => {
    const setup = async (schema: unknown) => {
      const response = await server.postJson('/label-studio/setup', setupRequest(schema));
      expect(response.status).toBe(200);
      return ((await response.json()) as { model_version: string }).model_version;
    };
    const version = await setup(CONFIG);
    const [prediction] = await predictionsOf(await predict(server, predictRequest([await dataUrl('scene-01.jpg')])));
    expect(prediction!.model_version).toBe(version);
    expect(await setup(CONFIG.replace('smart="true"', ''))).toBe(version);
    expect(await setup(CONFIG.replace('cup', 'dog'))).not.toBe(version);
    for (const unfinished of ['<View></View>', '', null]) expect(await setup(unfinished)).toBe('builtin:emoji');
    const wrong = await server.postJson('/label-studio/setup', setupRequest('<View>'));
    expect([wrong.status, ((await wrong.json()) as { code: string }).code]).toEqual([422, 'REQUEST_INVALID']);
    expect((await server.postJson('/label-studio/setup', { schema: 7 })).status).toBe(422);
  });
});

describe('images of tasks that Label Studio stores', () => {
  const asked: { url: string; authorization: string | undefined }[] = [];
  let host: Awaited<ReturnType<typeof startWebServer>>;
  let elsewhere: typeof host;
  let connected: TestServer;
  beforeAll(async () => {
    const bytes = await scene('scene-01.jpg');
    elsewhere = await startWebServer((_request, response) => void response.end(bytes));
    host = await startWebServer((request, response) => {
      const { url = '', headers } = request;
      asked.push({ url, authorization: headers.authorization });
      if (headers.authorization !== 'Token secret-of-ls') response.writeHead(401).end();
      else if (url.startsWith('/ls/tasks/')) {
        response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.port}/a.jpg` }).end();
      } else response.end(bytes);
    });
    connected = await TestServer.ready({
      args: ['--no-url'],
      env: { LABEL_STUDIO_URL: `http://127.0.0.1:${host.port}/ls/`, LABEL_STUDIO_API_KEY: 'secret-of-ls' },
    });
  });
  afterAll(async () => {
    await connected[Symbol.asyncDispose]();
    host[Symbol.dispose]();
    elsewhere[Symbol.dispose]();
  });

  it('are fetched from it with its token, even at a private address and with --no-url', async () => {
    const images = [
      '/data/upload/1/ab%20c.jpg',
      '/data/local-files/?d=photos/a.jpg',
      `http://127.0.0.1:${host.port}/ls/data/upload/2/b.jpg`,
      'upload/3/c.jpg',
    ];
    asked.length = 0;
    const results = await predictionsOf(await predict(connected, predictRequest(images)));
    for (const { result, error } of results) {
      expect(error).toBeUndefined();
      expect(result.length).toBeGreaterThan(2);
    }
    expect(asked.map(({ url }) => url).sort()).toEqual([
      '/ls/data/local-files/?d=photos/a.jpg',
      '/ls/data/upload/1/ab%20c.jpg',
      '/ls/data/upload/2/b.jpg',
      '/ls/data/upload/3/c.jpg',
    ]);
    expect(connected.running.stderr).not.toContain('secret-of-ls');
  });

  it('are not fetched from other addresses, from other paths of it, or from where it redirects to', async () => {
    asked.length = 0;
    const before = elsewhere.connections;
    const images = [
      `http://127.0.0.1:${elsewhere.port}/ls/data/a.jpg`,
      `http://127.0.0.1:${host.port}/data/a.jpg`,
      `http://127.0.0.1:${host.port}/ls/api/users`,
      '/data/../api/users',
      '/data/%2e%2e/%2e%2e/data/a.jpg',
      '/api/users',
      `//127.0.0.1:${elsewhere.port}/data/a.jpg`,
      's3://bucket/a.jpg',
    ];
    const results = await predictionsOf(await predict(connected, predictRequest(images)));
    for (const { result, error } of results) {
      expect(result).toEqual([]);
      expect(error?.code).toMatch(/^(URL_REFUSED|REQUEST_INVALID)$/);
    }
    expect(elsewhere.connections).toBe(before);
    expect(asked.map(({ url }) => url)).toEqual([
      `/ls/tasks/107/presign/?fileuri=${Buffer.from('s3://bucket/a.jpg').toString('base64url')}`,
    ]);
    const image_url = `http://127.0.0.1:${host.port}/ls/data/a.jpg`;
    expect((await connected.postJson('/predict', { image_url })).status).toBe(403); // that is for tasks only
  });
});
