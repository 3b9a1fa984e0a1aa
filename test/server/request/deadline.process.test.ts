import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, statuses, timed, times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const ONE_WORKER = ['--workers-per-device', '1'];
const SLACK_MS = 500; // for a machine that does other things too

const within = (ms: number) => ({ headers: { 'x-request-timeout-ms': String(ms) } });

describe('the deadline of a server', () => {
  let server: TestServer;
  beforeAll(async () => {
    const batches = ['--max-batch-size', '2', '--batching-timeout-sec', '1'];
    server = await TestServer.ready({ slowMs: 600, args: [...ONE_WORKER, ...batches, '--timeout-sec', '2.2'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('lets a batch through that is done in time, and answers 504 on time to what had to wait for it', async () => {
    const early = server.post(bytes); // keeps the worker busy until 0.6 s
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 1);
    // A pair until 1.8 s, and one until 2.4 s, for which no request may wait.
    const answers = await Promise.all(times(3, () => timed(() => server.post(bytes, within(60_000)))));
    const late = answers.filter(([{ status }]) => status !== 200);
    expect(late.map(([{ status }]) => status)).toEqual([504]);
    expect(late[0]![1]).toBeGreaterThanOrEqual(2190);
    expect(late[0]![1]).toBeLessThan(2200 + SLACK_MS);
    expect((await early).status).toBe(200);
  });

  it('is shortened by X-Request-Timeout-Ms, also while the image is computed', async () => {
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 0);
    const [response, ms] = await timed(() => server.post(bytes, within(200)));
    expect([response.status, await codeOf(response)]).toEqual([504, 'DEADLINE_PASSED']);
    expect(ms).toBeGreaterThanOrEqual(190);
    expect(ms).toBeLessThan(200 + SLACK_MS);
    expect((await server.post(bytes, { headers: { 'x-request-timeout-ms': 'soon' } })).status).toBe(400);
  });
});

describe('a server without a deadline', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ slowMs: 200, args: [...ONE_WORKER, '--timeout-sec', '0'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('answers 504 at the deadline of a request, and computes no image that waited until then', async () => {
    const finished: string[] = [];
    const send = async (name: string, headers: Record<string, string>) => {
      const { status } = await server.post(bytes, { headers });
      finished.push(`${name} ${status}`);
    };
    const hurried = { 'x-request-timeout-ms': '100' };
    await Promise.all([send('hurried', hurried), ...times(5, () => send('patient', {})), send('late', hurried)]);
    expect(finished.slice(0, 2).sort()).toEqual(['hurried 504', 'late 504']); // before the first run has ended
    expect(finished.slice(2)).toEqual(times(5, () => 'patient 200'));
    expect(await server.metric('batches_total{device="cpu"}')).toBeLessThanOrEqual(6); // the late one is not among them
    expect(await server.metric('request_failures_total{reason="expired"}')).toBe(2);
  });

  it('answers 504 at the deadline of a batch that is behind the images of another batch', async () => {
    const images = (count: number) => ({ images: times(count, () => ({ image_base64 })) });
    const long = server.postJson('/predict/batch', images(15));
    await server.until(async () => (await server.metric('admitted_items')) === 15);
    const [response, ms] = await timed(() =>
      server.postJson('/predict/batch', images(2), { 'x-request-timeout-ms': '300' }),
    );
    const { results } = (await response.json()) as { results: { status: number }[] };
    expect(results.map(({ status }) => status)).toEqual([504, 504]);
    expect(ms).toBeLessThan(1500); // the other batch takes twice as long
    expect((await long).status).toBe(200);
  });

  it('waits for as long as a request allows, even if that is longer than a timer can count', async () => {
    const patient = [server.post(bytes, within(3_000_000_000)), server.post(bytes), server.postBatch([bytes, bytes])];
    expect(await statuses(patient)).toEqual([200, 200, 200]);
  });
});
