import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CONFIG, predict, predictRequest, setupRequest } from '../../support/clients/label-studio.js';
import { timed } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const image = base64(await scene('scene-01.jpg'));

let server: TestServer;
let modelMayOpen: string; // the workers wait for this file
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  modelMayOpen = join(folder, 'open');
  const env = { OPEN_WHEN: modelMayOpen };
  server = await TestServer.listening({ fault: 'late-start.mjs', env, args: ['--workers-per-device', '1'] });
  return async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  };
});

async function read(path: string): Promise<[status: number, body: unknown]> {
  const response = await server.fetch(path);
  return [response.status, await response.json()];
}

async function stateOfFunction(): Promise<string> {
  const [, body] = await read('/api/functions/preannotate');
  return (body as { status: { state: string } }).status.state;
}

function invoke(): Promise<Response> {
  return server.postJson('/api/function_invocations', { image }, { 'x-nuclio-function-name': 'preannotate' });
}

function infer(): Promise<Response> {
  const inputs = [{ name: 'image', shape: [1], datatype: 'BYTES', data: [image] }];
  return server.postJson('/v2/models/preannotate/infer', { inputs });
}

describe('a server that is still opening its model', () => {
  it('answers health and setup of Label Studio within its three seconds, and predictions 503', async () => {
    const [[setup, health], ms] = await timed(() =>
      Promise.all([server.postJson('/label-studio/setup', setupRequest(CONFIG)), server.fetch('/label-studio/health')]),
    );
    expect(ms).toBeLessThan(2500);
    expect([setup.status, health.status]).toEqual([200, 200]);
    expect(((await setup.json()) as { model_version: string }).model_version).toMatch(/^builtin:emoji [0-9a-f]{8}$/);
    expect((await server.fetch('/readyz')).status).toBe(503);
    const early = await predict(server, predictRequest(['data:,x']));
    expect([early.status, early.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('is live and not ready for KServe, as is its model, whose metadata can be read', async () => {
    expect(await read('/v2/health/live')).toEqual([200, { live: true }]);
    expect(await read('/v2/health/ready')).toMatchObject([503, { ready: false }]);
    expect(await read('/v2/models/preannotate/ready')).toMatchObject([503, { name: 'preannotate', ready: false }]);
    expect(await read('/v2/models/preannotate')).toMatchObject([200, { name: 'preannotate' }]);
    const refused = await infer();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refused.json()).toEqual({ error: expect.stringMatching(/being opened/) });
  });

  it('has a function for CVAT that is building, then ready, unhealthy without workers, and ready again', async () => {
    expect(await stateOfFunction()).toBe('building');
    const early = await invoke();
    expect(early.status).toBe(503);
    expect(await early.json()).toMatchObject({ code: 'NOT_READY' });
    await writeFile(modelMayOpen, '');
    await server.until(async () => (await stateOfFunction()) === 'ready');
    expect((await read('/v2/health/ready'))[0]).toBe(200);
    expect((await infer()).status).toBe(200);
    await rm(modelMayOpen);
    for (const worker of await server.running.workers()) process.kill(worker, 'SIGKILL');
    await server.until(async () => (await stateOfFunction()) === 'unhealthy');
    await writeFile(modelMayOpen, '');
    await server.until(async () => (await stateOfFunction()) === 'ready');
    const response = await invoke();
    expect([response.status, ((await response.json()) as object[]).length > 1]).toEqual([200, true]);
  });
});
