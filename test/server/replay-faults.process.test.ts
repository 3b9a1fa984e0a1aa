import { describe, expect, it } from 'vitest';
import { codeOf, statuses, times } from '../support/clients/requests.js';
import { base64, scene, TestServer } from '../support/server.js';

/** LitServe's tests of models and workers that fail, asked of ours. The ids are those of SERVING.md, section 3. */

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];
const STACK = /\bat .*:\d+:\d+|node:internal|\.js:\d+|secret/;

async function healthOf(server: TestServer): Promise<[status: number, text: string]> {
  const response = await server.fetch('/health');
  return [response.status, await response.text()];
}

describe.skipIf(process.platform !== 'linux')('health (needs /proc)', () => {
  it('H03: is "not ready" until the workers are, then "ok", also under load', async () => {
    await using server = new TestServer({ slowMs: 50 });
    await server.until(() => server.running.stderr.includes('listening at'));
    const seen = new Set<string>();
    await server.until(async () => {
      seen.add((await healthOf(server)).join(' '));
      return seen.has('200 ok');
    });
    expect([...seen].filter((answer) => answer !== '503 not ready')).toEqual(['200 ok']);
    const pending = times(12, () => server.post(bytes));
    for (let i = 0; i < 5; i++) expect(await healthOf(server)).toEqual([200, 'ok']);
    expect(await statuses(pending)).toEqual(times(12, () => 200));
    expect(await healthOf(server)).toEqual([200, 'ok']);
  });

  it('H05, H31, X10: says so when no worker is left, each time anew, and the worker is replaced', async () => {
    await using server = await TestServer.ready({ args: ONE_WORKER });
    for (let death = 1; death <= 3; death++) {
      const [pid] = await server.running.workers();
      process.kill(pid!, 'SIGKILL');
      await server.until(async () => (await healthOf(server)).join(' ') === '503 not ready');
      expect((await server.fetch('/livez')).status).toBe(200);
      const refused = await server.fetch('/readyz');
      if (refused.status === 503) expect(await refused.json()).toMatchObject({ reason: /worker/ });
      await server.until(async () => (await healthOf(server)).join(' ') === '200 ok');
      expect(await server.running.workers()).not.toContain(pid);
      expect(await server.metric('worker_restarts_total{device="cpu",worker="0"}')).toBe(death);
    }
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('H30, X07: a worker killed under load fails no request, and both workers work on', async () => {
    await using server = await TestServer.ready({ slowMs: 40, args: ['--workers-per-device', '2'] });
    const first = times(20, () => server.post(bytes));
    await server.until(async () => (await server.metric('images_total')) >= 2);
    process.kill((await server.running.workers())[0]!, 'SIGKILL');
    expect(await statuses(first)).toEqual(times(20, () => 200));
    await server.until(async () => (await server.metric('worker_up{device="cpu",worker="0"}')) === 1);
    const second = times(50, () => server.post(bytes));
    const busy = new Set<number>();
    await server.until(async () => {
      for (const worker of [0, 1]) {
        if ((await server.metric(`inflight{device="cpu",worker="${worker}"}`)) > 0) busy.add(worker);
      }
      return busy.size === 2;
    });
    expect(await statuses(second)).toEqual(times(50, () => 200));
  });
});

describe('an error', () => {
  it('H12: of the model is answered without saying what is where, and the log does say it', async () => {
    await using server = await TestServer.ready({ fault: 'no-infer.mjs', args: ONE_WORKER });
    const alone = await server.post(bytes);
    const together = await server.postBatch([bytes]);
    const texts = [await alone.text(), await together.text()];
    expect(alone.status).toBe(503);
    expect(JSON.parse(texts[0]!)).toMatchObject({ code: 'WORKER_CRASHED', status: 503 });
    expect(JSON.parse(texts[1]!)).toMatchObject({ results: [{ status: 503, error: { code: 'WORKER_CRASHED' } }] });
    for (const text of texts) expect(text).not.toMatch(STACK);
    expect(server.running.stderr).toMatch(/"code":"WORKER_CRASHED","msg":"[^"]*exit code 1[^"]*a secret of the model/);
  });

  it('H12: of the server is a 500 with a code and a request id, and nothing else', async () => {
    await using server = await TestServer.ready({ fault: 'bug.mjs' });
    const response = await server.postJson('/predict', { image_base64: base64(Buffer.from('BUGxxx')) });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ code: 'INTERNAL', request_id: response.headers.get('x-request-id') });
    expect(text).not.toMatch(STACK);
    expect(server.running.stderr).toContain('a secret of the server');
    expect((await server.post(bytes)).status).toBe(200);
  });

  it('H13: of one image has its own status, and its neighbours have theirs', async () => {
    await using server = await TestServer.ready({ args: [...ONE_WORKER, '--max-batch-size', '4'] });
    const text = new TextEncoder().encode('hello');
    const pending = [server.post(bytes), server.post(bytes.slice(0, 300)), server.post(text), server.post(bytes)];
    expect(await statuses(pending)).toEqual([200, 422, 415, 200]);
    expect(await codeOf(pending[1]!)).toBe('IMAGE_UNDECODABLE');
  });

  it('H15: of a model that answers too few images is noticed, and each image is asked about again alone', async () => {
    const args = [...ONE_WORKER, '--max-batch-size', '2'];
    await using sound = await TestServer.ready({ args });
    const { boxes } = (await (await sound.post(bytes)).json()) as { boxes: number[][] };
    await using server = await TestServer.ready({ fault: 'short-batch.mjs', args });
    const { results } = (await (await server.postBatch([bytes, bytes])).json()) as { results: object[] };
    expect(results).toMatchObject([
      { status: 200, boxes },
      { status: 200, boxes },
    ]);
    expect(server.running.stderr).toContain('died');
  });

  it('H32: while the model is opened ends the server, and its cause is on stderr', async () => {
    await using server = new TestServer({ fault: 'no-open.mjs' });
    const { code, stderr, stdout } = await server.finished();
    expect(code).toBe(2); // the model or the device cannot be used: trying again helps nobody
    expect(stderr).toContain('this device is on strike');
    expect(stdout).toBe('');
  });
});
