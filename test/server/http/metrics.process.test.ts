import { beforeAll, describe, expect, it } from 'vitest';
import { statuses, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');

describe('/metrics', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ slowMs: 100, args: ['--workers-per-device', '1'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('has fixed names and labels, which no request adds to', async () => {
    await Promise.all(times(20, (i) => server.fetch(`/no-${i}"\\n`)));
    await server.post(bytes, { headers: { 'x-request-id': 'not-a-label' } });
    const ontology = { 'a photo of a bottle': 'my-own-class' };
    await server.postJson('/predict', { image_base64: Buffer.from(bytes).toString('base64'), ontology });
    const text = await (await server.fetch('/metrics')).text();
    const names = [...text.matchAll(/^# TYPE preannotate_(\w+)/gm)].map(([, name]) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        ...['requests_total', 'request_failures_total', 'request_seconds', 'stage_seconds', 'images_total'],
        ...['empty_images_total', 'detections_total', 'batches_total', 'batch_size', 'queue_items', 'queue_bytes'],
        ...['inflight', 'worker_up', 'worker_restarts_total', 'worker_load_seconds'],
      ]),
    );
    for (const stage of ['receive', 'queue', 'decode', 'infer', 'post']) {
      expect(text).toContain(`preannotate_stage_seconds_count{stage="${stage}"}`);
    }
    expect(text).toMatch(/preannotate_requests_total\{route="unknown",code="404"\} 20\n/);
    expect(text).toMatch(/preannotate_detections_total\{class="wine glass"\} \d/);
    expect(text).not.toMatch(/not-a-label|my-own-class|no-1/);
  });

  it('counts the requests and images that are in flight', async () => {
    expect(await server.metric('admitted_items')).toBe(0);
    const pending = times(4, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 4);
    expect(await server.metric('requests_in_progress')).toBe(5); // with the one that asks
    expect(await statuses(pending)).toEqual([200, 200, 200, 200]);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });

  const WITH_KEYS = { PREANNOTATE_API_KEYS: 'first-key-of-sixteen' };

  it.each<[what: string, args: string[], env: NodeJS.ProcessEnv, status: number]>([
    ['is closed without a key where the server has keys', [], WITH_KEYS, 401],
    ['is open with --metrics open where the server has keys', ['--metrics', 'open'], WITH_KEYS, 200],
    ['does not exist with --metrics off', ['--metrics', 'off'], {}, 404],
    ['is closed on every address of a server without keys', ['--host', '0.0.0.0'], {}, 401],
    ['is open on every address with --metrics open', ['--host', '0.0.0.0', '--metrics', 'open'], {}, 200],
  ])('%s', async (_what, args, env, status) => {
    await using other = await TestServer.listening({ args, env });
    expect((await fetch(`http://127.0.0.1:${new URL(other.url).port}/metrics`)).status).toBe(status);
  });
});
