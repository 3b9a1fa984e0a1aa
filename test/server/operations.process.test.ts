import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { preannotate, EMOJI } from '../support/cli.js';
import { scene, TestServer } from '../support/server.js';
import { temporaryFolder } from '../support/temporary.js';

const bytes = await scene('scene-01.jpg');
const KEYS = ['first-key-of-sixteen', 'second-key-of-sixteen'] as const;

describe('a server with API keys', () => {
  it('is closed without one, but for what probes ask, and open with any of them', async () => {
    const file = join(await temporaryFolder(), 'keys.txt');
    await writeFile(file, `# keys\n${KEYS[0]}\n\n`);
    await using server = await TestServer.ready({
      args: ['--api-key-file', file, '--log-level', 'debug'],
      env: { PREANNOTATE_API_KEYS: `${KEYS[1]}, ` },
    });
    const status = async (path: string, headers: Record<string, string> = {}) =>
      (await server.fetch(path, { headers })).status;
    for (const path of ['/livez', '/readyz', '/ready', '/startupz', '/health', '/', '/page/main.js'])
      expect(await status(path), path).toBe(200);
    for (const path of ['/info', '/docs', '/openapi.json', '/metrics', '/nothing', `/info?api_key=${KEYS[0]}`]) {
      expect(await status(path), path).toBe(401);
    }
    for (const wrong of ['', 'first-key', `${KEYS[0]}x`, 'k'.repeat(4000), `${KEYS[0]},${KEYS[1]}`]) {
      expect(await status('/info', { 'x-api-key': wrong })).toBe(401);
      expect(await status('/info', { authorization: `Bearer ${wrong}` })).toBe(401);
    }
    for (const key of KEYS) {
      expect(await status('/info', { 'x-api-key': key })).toBe(200);
      expect(await status('/info', { authorization: `bearer ${key}` })).toBe(200);
    }
    const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;
    expect(await status('/info', { authorization: basic(KEYS[0]) })).toBe(200);
    expect(await status('/info', { authorization: basic('wrong') })).toBe(401);
    expect(await status('/info', { authorization: basic("a proxy's"), 'x-api-key': KEYS[0] })).toBe(200);
    const refused = await server.post(bytes);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await server.post(bytes, { headers: { 'x-api-key': KEYS[0] } })).status).toBe(200);
    expect(server.running.stdout + server.running.stderr).not.toMatch(/key-of-sixteen/);
  });

  it('lets nobody without one write to addresses that anybody may read', async () => {
    const env = { PREANNOTATE_API_KEYS: KEYS[0] };
    await using server = await TestServer.ready({ env });
    expect((await server.fetch('/')).status).toBe(200);
    const image = Buffer.from(bytes).toString('base64');
    expect((await server.postJson('/', { image })).status).toBe(401);
    expect((await server.post(bytes)).status).toBe(401);
    expect((await server.post(bytes, { headers: { 'x-api-key': KEYS[0] } })).status).toBe(200);
    for (const path of ['/predict', '/info']) {
      const { code, stderr } = await preannotate(['serve', ...EMOJI, '--port', '0', '--health-path', path]);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`--health-path ${path} is an address of the server already`),
      ]);
    }
  });

  it('shows its metrics to everybody only where that is asked for', async () => {
    const env = { PREANNOTATE_API_KEYS: KEYS[0] };
    await using open = await TestServer.ready({ env, args: ['--metrics', 'open'] });
    expect((await open.fetch('/metrics')).status).toBe(200);
    await using off = await TestServer.ready({ args: ['--metrics', 'off'] });
    expect((await off.fetch('/metrics')).status).toBe(404);
  });
});

describe('a server that starts', () => {
  it('answers that it is not ready until the model is open', async () => {
    await using server = new TestServer();
    await server.until(() => server.running.stderr.includes('listening at'));
    const health = await server.fetch('/health');
    if (health.status === 503) expect(await health.text()).toBe('not ready');
    await server.until(async () => (await server.fetch('/readyz')).status === 200);
    const after = await server.fetch('/health');
    expect([after.status, await after.text()]).toEqual([200, 'ok']);
    expect((await server.fetch('/livez', { method: 'HEAD' })).status).toBe(200);
    expect(server.running.stdout).toBe(`preannotate serves builtin:emoji at ${server.url}\n`);
  });

  it('listens where SERVER_NAME and SERVER_PORT say, unless a flag says otherwise', async () => {
    await using server = await TestServer.ready({ env: { SERVER_NAME: 'localhost', SERVER_PORT: '1' } });
    expect((await fetch(`${server.url}/livez`)).status).toBe(200); // the port is a flag here
    const taken = { SERVER_NAME: '127.0.0.1', SERVER_PORT: new URL(server.url).port };
    const second = await preannotate(['serve', ...EMOJI], { env: taken });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`127.0.0.1:${taken.SERVER_PORT} cannot be listened on`);
    expect(second.stderr).toContain('--port');
  });

  it('without a model, or with a wrong option, exits 2 and says why', async () => {
    const cases: [string[], RegExp][] = [
      [['--model', '/nowhere'], /\/nowhere/],
      [['--port', '70000'], /--port must be at most 65535/],
      [['--body-limit', 'much'], /--body-limit must be a size/],
      [['--api-key-file', '/nowhere'], /--api-key-file/],
    ];
    for (const [args, said] of cases) {
      const { code, stderr } = await preannotate(['serve', ...EMOJI, '--port', '0', ...args]);
      expect.soft(code, stderr).toBe(2);
      expect.soft(stderr).toMatch(said);
    }
  });

  it('on every address without a key warns', async () => {
    await using server = await TestServer.ready({ args: ['--host', '0.0.0.0'] });
    expect(server.running.stderr).toMatch(/without an API key/);
  });
});

describe('what a server says of itself', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: ['--cors-origin', 'https://tool.example'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('is in /info: model, classes, limits', async () => {
    const info = (await (await server.fetch('/info')).json()) as { classes: unknown[] };
    expect(info).toMatchObject({
      model: { reference: 'builtin:emoji', type: 'owlvit', image_size: [192, 192], precision: 'fp32' },
      server: { devices: ['cpu'], max_payload_size: 32_000_000, timeout: 30, max_batch_size: 1 },
    });
    expect(info.classes[0]).toEqual({ name: 'bottle', id: 1, prompts: ['a photo of a bottle'], threshold: 0.35 });
  });

  it('is in /openapi.json, to which its answers keep', async () => {
    const document = (await (await server.fetch('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, unknown>;
      components: { schemas: Record<string, object> };
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/predict', '/predict/batch', '/health', '/metrics']),
    );
    const references = [...JSON.stringify(document.paths).matchAll(/#\/components\/schemas\/(\w+)/g)];
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(name!);
    const image_base64 = Buffer.from(bytes).toString('base64');
    const images = [{ image_base64 }, { image_base64: '?' }];
    const answers: [string, Response][] = [
      ['PredictAnswer', await server.post(bytes)],
      ['BatchAnswer', await server.postJson('/predict/batch', { images })],
      ['Problem', await server.postJson('/predict', { score_threshold: 2 })],
    ];
    for (const [name, answer] of answers) {
      const schema = z.fromJSONSchema(document.components.schemas[name] as z.core.JSONSchema.JSONSchema);
      expect(schema.safeParse(await answer.json()).error, name).toBeUndefined();
    }
    const page = await server.fetch('/docs');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(await page.text()).toContain('POST /predict');
  });

  it('is in /metrics, under names and labels that are fixed', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => server.fetch(`/no-${i}"\\n`)));
    await server.post(bytes, { headers: { 'x-request-id': 'not-a-label' } });
    const ontology = { 'a photo of a bottle': 'my-own-class' };
    await server.postJson('/predict', { image_base64: Buffer.from(bytes).toString('base64'), ontology });
    const text = await (await server.fetch('/metrics')).text();
    const names = new Set([...text.matchAll(/^# TYPE preannotate_(\w+)/gm)].map(([, name]) => name));
    for (const name of [
      'requests_total',
      'request_failures_total',
      'request_seconds',
      'stage_seconds',
      'images_total',
      'empty_images_total',
      'detections_total',
      'batches_total',
      'batch_size',
      'queue_items',
      'queue_bytes',
      'inflight',
      'worker_up',
      'worker_restarts_total',
      'worker_load_seconds',
    ]) {
      expect(names).toContain(name);
    }
    for (const stage of ['receive', 'queue', 'decode', 'infer', 'post']) {
      expect(text).toContain(`preannotate_stage_seconds_count{stage="${stage}"}`);
    }
    expect(text).toMatch(/preannotate_requests_total\{route="unknown",code="404"\} 20\n/);
    expect(text).toMatch(/preannotate_detections_total\{class="wine glass"\} \d/);
    expect(text).not.toMatch(/not-a-label|my-own-class|no-1/);
  });

  it('is in its headers: request id, times, and what a browser may do with it', async () => {
    const { headers } = await server.post(bytes, { headers: { 'x-request-id': 'id with spaces\t"' } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('server-timing')).toMatch(/^receive;dur=[\d.]+.*queue;dur=.*decode;dur=.*infer;dur=.*post;dur=/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const origin = 'https://tool.example';
    const preflight = await server.fetch('/predict', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
    const stranger = await server.fetch('/livez', { headers: { origin: 'https://evil.example' } });
    expect(stranger.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('is in its log: one line of JSON a request, with its id, and nothing that the client wrote', async () => {
    await server.post(bytes, { query: '?score_threshold=0.123', headers: { 'x-request-id': 'log-1' } });
    await server.until(() => server.running.stderr.includes('log-1'));
    const lines = server.running.stderr.trim().split('\n');
    const line = lines
      .map((one) => JSON.parse(one) as Record<string, unknown>)
      .find((one) => one['request_id'] === 'log-1');
    expect(line).toMatchObject({ method: 'POST', route: '/predict', status: 200 });
    expect(server.running.stderr).not.toContain('0.123');
  });

  it('unknown addresses and methods are said to be that', async () => {
    expect((await server.fetch('/..%2f..%2fetc/passwd')).status).toBe(404);
    expect((await server.fetch('/%zz')).status).toBe(400);
    const wrong = await server.fetch('/predict');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await wrong.json()).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
  });
});
