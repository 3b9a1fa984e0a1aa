import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { rawAnswer, statuses } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image = Buffer.from(bytes).toString('base64');
const KEYS = ['first-key-of-sixteen', 'second-key-of-sixteen'] as const;

describe('a server with API keys', () => {
  let server: TestServer;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
    const file = join(folder, 'keys.txt');
    await writeFile(file, `# keys\n${KEYS[0]}\n\n`);
    const env = { PREANNOTATE_API_KEYS: `${KEYS[1]}, ` };
    server = await TestServer.ready({ args: ['--api-key-file', file, '--log-level', 'debug'], env });
    await rm(folder, { recursive: true });
    return () => server[Symbol.asyncDispose]();
  });

  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await server.fetch(path, { headers })).status;
  const basic = (password: string) => `Basic ${Buffer.from(`anybody:${password}`).toString('base64')}`;

  it('answers probes and the page without a key, and 401 everywhere else', async () => {
    for (const path of ['/livez', '/readyz', '/ready', '/startupz', '/health', '/', '/page/serve.js'])
      expect(await status(path), path).toBe(200);
    const closed = ['/info', '/docs', '/openapi.json', '/metrics', '/nothing', '/predict/batch'];
    for (const path of [...closed, `/info?api_key=${KEYS[0]}&x-api-key=${KEYS[0]}&key=${KEYS[0]}`]) {
      expect(await status(path), path).toBe(401);
    }
    const refused = await server.post(bytes);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
  });

  it('accepts each of them as X-Api-Key, as a Bearer token and as the password of Basic authentication', async () => {
    for (const key of KEYS) {
      expect(await status('/info', { 'x-api-key': key })).toBe(200);
      expect(await status('/info', { authorization: `bearer ${key}` })).toBe(200);
      expect(await status('/info', { authorization: basic(key) })).toBe(200);
      expect((await server.post(bytes, { headers: { 'x-api-key': key } })).status).toBe(200);
    }
    expect(await status('/info', { authorization: basic("a proxy's"), 'x-api-key': KEYS[0] })).toBe(200);
  });

  it('rejects keys that are wrong in any way, and writes no key to its log or its metrics', async () => {
    const [key] = KEYS;
    const almost = ['', 'first-key', key.slice(0, -1), `${key}x`, key.toUpperCase(), `${key},${KEYS[1]}`, 'ä'];
    for (const wrong of [...almost, 'k'.repeat(4000)]) {
      expect.soft(await status('/info', { 'x-api-key': wrong }), wrong).toBe(401);
      expect.soft(await status('/info', { authorization: `Bearer ${wrong}` }), wrong).toBe(401);
    }
    expect(await status('/info', { authorization: basic('wrong') })).toBe(401);
    expect(await status('/info', { authorization: `Basic ${key}` })).toBe(401);
    const huge = `GET /info HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: ${'k'.repeat(1_000_000)}\r\n\r\n`;
    expect(await rawAnswer(server.url, huge)).toMatch(/^(?:HTTP\/1\.1 4\d\d |$)/); // cut while it is still being sent
    const metrics = await (await server.fetch('/metrics', { headers: { 'x-api-key': key } })).text();
    expect(metrics + server.running.stdout + server.running.stderr).not.toContain('of-sixteen');
  });

  it('requires a key for requests that write, also at addresses that are open for reading', async () => {
    expect((await server.fetch('/')).status).toBe(200);
    const refused = [server.postJson('/', { image }), server.postJson('/predict/batch', {}), server.post(bytes)];
    expect(await statuses(refused)).toEqual([401, 401, 401]);
    const headers = { 'x-api-key': KEYS[0] };
    expect((await server.post(bytes, { headers })).status).toBe(200);
  });
});
