import { beforeAll, describe, expect, it } from 'vitest';
import { statuses } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const KEY = 'a-key:of-sixteen-characters';
const image = base64(await scene('scene-01.jpg'));

const basic = (user: string, password: string) => `Basic ${base64(Buffer.from(`${user}:${password}`))}`;

describe('a server with API keys', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ env: { PREANNOTATE_API_KEYS: KEY } });
    return () => server[Symbol.asyncDispose]();
  });

  it('requires one from CVAT, which sends it as a Bearer token or in the URL of CVAT_NUCLIO_HOST', async () => {
    const invoke = (headers: Record<string, string> = {}) =>
      server.postJson('/api/function_invocations', { image }, { 'x-nuclio-function-name': 'preannotate', ...headers });
    const refused = [server.fetch('/api/functions'), invoke(), server.postJson('/', { image })];
    expect(await statuses(refused)).toEqual([401, 401, 401]);
    for (const response of await Promise.all(refused.slice(1))) {
      expect(await response.json()).toMatchObject({ status: 401, code: 'UNAUTHORIZED' });
    }
    for (const authorization of [basic('cvat', KEY), `Bearer ${KEY}`]) {
      const response = await invoke({ authorization });
      expect([response.status, ((await response.json()) as object[]).length > 0]).toEqual([200, true]);
    }
  });

  it('requires one from KServe clients, but not from probes, with an error in the form of the protocol', async () => {
    const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: [image] }];
    const infer = (headers: Record<string, string> = {}) =>
      server.postJson('/v2/models/preannotate/infer', { inputs }, headers);
    const probes = [server.fetch('/v2/health/live'), server.fetch('/v2/health/ready')];
    expect(await statuses(probes)).toEqual([200, 200]);
    for (const request of [server.fetch('/v2'), server.fetch('/v2/models/preannotate/ready'), infer()]) {
      const response = await request;
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ error: expect.stringMatching(/API key/) });
    }
    expect((await infer({ 'x-api-key': KEY })).status).toBe(200);
  });

  it('accepts one as the password of Basic authentication, as Label Studio sends it, and does not log it', async () => {
    const statusOf = async (authorization: string) =>
      (await server.fetch('/label-studio/health', { headers: { authorization } })).status;
    expect((await server.fetch('/label-studio/health')).status).toBe(401);
    expect(await statusOf(basic('label-studio', KEY))).toBe(200);
    expect(await statusOf(basic('', KEY))).toBe(200);
    for (const wrong of ['', 'a-key', `${KEY}x`]) expect(await statusOf(basic('label-studio', wrong))).toBe(401);
    const malformed = ['Basic', 'Basic !!!', `Basic ${KEY}`, `Bearer ${btoa(`u:${KEY}`)}`];
    for (const wrong of [basic(KEY, ''), ...malformed]) expect(await statusOf(wrong)).toBe(401);
    expect((await server.fetch('/info', { headers: { authorization: basic('u', KEY) } })).status).toBe(200);
    expect(server.running.stderr).not.toContain('of-sixteen');
  });
});
