import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { BatchAnswer, PredictAnswer } from '../../src/config/predict-schema.js';
import { codeOf, rawAnswer, statuses, times } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';

/** What LitServe's own tests ask of a server over HTTP, asked of ours. The ids are those of SERVING.md, section 3. */

const scenes = await Promise.all(times(6, (i) => scene(`scene-0${i + 1}.jpg`)));
const [bytes] = scenes as [Uint8Array<ArrayBuffer>];
const image_base64 = base64(bytes);
const FORM = 'application/x-www-form-urlencoded';

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--body-limit', '400KB', '--queue-items', '200'] });
  return () => server[Symbol.asyncDispose]();
});

async function boxesIn(response: Response): Promise<PredictAnswer['boxes']> {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json()).boxes;
}

describe('one request', () => {
  it('H01: an image that is posted is answered with its boxes', async () => {
    expect((await boxesIn(await server.post(bytes))).length).toBeGreaterThan(2);
  });

  it('H02: GET / is a small page', async () => {
    const response = await server.fetch('/');
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringMatching(/^text\/html/),
    ]);
    expect((await response.text()).length).toBeLessThan(100_000);
  });

  it('H06: /info has what LitServe tells of itself', async () => {
    const info = (await (await server.fetch('/info')).json()) as { model: unknown; server: Record<string, unknown> };
    expect(info).toHaveProperty('model');
    for (const key of ['devices', 'workers_per_device', 'timeout', 'stream', 'max_payload_size', 'track_requests']) {
      expect(info.server).toHaveProperty(key);
    }
    expect(info.server['max_payload_size']).toBe(400_000);
  });

  it('H20: there is no address that shuts the server down; signals do', async () => {
    for (const headers of [{}, { authorization: 'Bearer any' }]) {
      expect((await server.fetch('/shutdown', { method: 'POST', headers })).status).toBe(404);
    }
    expect((await server.fetch('/livez')).status).toBe(200);
  });

  it('H23: a urlencoded form is not read', async () => {
    const body = new URLSearchParams({ image_base64: 'AAAA' });
    const response = await server.fetch('/predict', { method: 'POST', body, headers: { 'content-type': FORM } });
    expect([response.status, await codeOf(response)]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED']);
  });

  it('H25: a body is checked field by field', async () => {
    await boxesIn(await server.postJson('/predict', { image_base64, score_threshold: 0.5 }));
    const wrong = await server.postJson('/predict', { image_base64, score_threshold: 'high' });
    expect(wrong.status).toBe(422);
    expect(await wrong.json()).toMatchObject({ errors: [{ pointer: '/score_threshold' }] });
  });

  it('H26: one image or several come in base64', async () => {
    const alone = await boxesIn(await server.postJson('/predict', { image_base64 }));
    const several = BatchAnswer.parse(await (await server.postBatch(scenes)).json());
    expect(several.results).toHaveLength(6);
    expect(several.results[0]).toMatchObject({ status: 200, boxes: alone });
  });

  it('H27: every answer has an X-Request-Id: that of the request, where there is one', async () => {
    const id = randomUUID();
    for (const path of ['/livez', '/nothing', '/info']) {
      expect((await server.fetch(path, { headers: { 'x-request-id': id } })).headers.get('x-request-id')).toBe(id);
      expect((await server.fetch(path)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it('H29: there is one model at one address; what is asked elsewhere is told where things are', async () => {
    const response = await server.fetch('/api2/predict', { method: 'POST' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'NOT_FOUND', detail: expect.stringContaining('/docs') });
  });

  it('GET addresses answer HEAD too, without a body', async () => {
    for (const path of ['/livez', '/readyz', '/ready', '/startupz', '/health', '/info', '/metrics', '/docs']) {
      const answer = await rawAnswer(server.url, `HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect.soft(answer, path).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/);
    }
  });
});

describe('many requests', () => {
  it('H07: 100 one after another are all right, and leave nothing behind', async () => {
    const expected = await Promise.all(scenes.map(async (image) => boxesIn(await server.post(image))));
    for (let i = 0; i < 100; i++) expect(await boxesIn(await server.post(scenes[i % 6]!))).toEqual(expected[i % 6]);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('H08: 100 from 26 clients at once are all right, each with the answer to its own image', async () => {
    const expected = await Promise.all(scenes.map(async (image) => boxesIn(await server.post(image))));
    const waiting = times(100, (i) => i);
    const client = async () => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        expect(await boxesIn(await server.post(scenes[i % 6]!))).toEqual(expected[i % 6]);
      }
    };
    await Promise.all(times(26, client));
    expect(waiting).toEqual([]);
  });

  it('X02: malformed JSON is the fault of whoever sent it', async () => {
    const headers = { 'content-type': 'application/json' };
    for (const body of ['{"image_base64"', 'null,', '\u0000', '{"a":NaN}', "{'a':1}"]) {
      const response = await server.fetch('/predict', { method: 'POST', body, headers });
      expect.soft([response.status, await codeOf(response)], body).toEqual([400, 'REQUEST_MALFORMED']);
    }
  });
});

describe('bodies beyond the limit', () => {
  const HEAD = 'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\n';

  it('H22: are refused by what they say, and by what they are', async () => {
    expect((await server.post(new Uint8Array(450_000))).status).toBe(413);
    const chunk = `${(100_000).toString(16)}\r\n${'x'.repeat(100_000)}\r\n`;
    const body = `Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunk.repeat(5)}0\r\n\r\n`;
    expect(await rawAnswer(server.url, HEAD + body)).toMatch(/^HTTP\/1\.1 413 [^]*"code":"BODY_TOO_LARGE"/);
  });

  it('H22: with a false Content-Length are never read beyond it', async () => {
    const spoofed = `${HEAD}Content-Length: 1024\r\n\r\n${'\xff'.repeat(30_000)}`;
    const answer = await rawAnswer(server.url, Buffer.from(spoofed, 'latin1'));
    expect(answer).toMatch(/HTTP\/1\.1 4\d\d /);
    expect(answer).not.toMatch(/HTTP\/1\.1 [^4]/);
    expect(await statuses([server.post(bytes)])).toEqual([200]);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('X09: are measured against a limit that may be written with its unit', async () => {
    await using large = await TestServer.ready({ args: ['--body-limit', '1MB', '--max-bytes', '10 MiB'] });
    expect((await (await large.fetch('/info')).json()) as object).toMatchObject({
      server: { max_payload_size: 1_000_000, max_image_bytes: 10 * 1024 ** 2 },
    });
    expect((await large.post(new Uint8Array(1_000_001))).status).toBe(413);
    expect((await large.post(new Uint8Array(1_000_000))).status).toBe(415); // read, and no image
  });
});

describe('a request that streams', () => {
  it('H36: is answered line by line, the first long before the last', async () => {
    await using slow = await TestServer.ready({ slowMs: 300, args: ['--workers-per-device', '1'] });
    const response = await slow.postBatch(scenes.slice(0, 4), {
      accept: 'application/x-ndjson',
      'accept-encoding': 'gzip, br',
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(response.headers.get('content-encoding')).toBeNull();
    const arrivals: number[] = [];
    let text = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      arrivals.push(performance.now());
    }
    const lines = text.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual([200, 200, 200, 200]);
    expect(arrivals.length).toBeGreaterThanOrEqual(3);
    expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(500); // three more images of 300 ms
  });
});
