import { describe, expect, it } from 'vitest';
import { preannotate, EMOJI } from '../support/cli.js';
import { codeOf, statuses, timed, times } from '../support/clients/requests.js';
import { scene, TestServer } from '../support/server.js';

/** LitServe's tests of limits in time and of batches, asked of ours. The ids are those of SERVING.md, section 3. */

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];
const PAIRS = [...ONE_WORKER, '--max-batch-size', '2'];
const SLACK_MS = 400; // for a machine that does other things too

describe('a limit in time', () => {
  it('H09, X03: is kept to the moment, also by what computes', async () => {
    await using server = await TestServer.ready({ slowMs: 900, args: [...ONE_WORKER, '--timeout-sec', '1.4'] });
    const pending = times(2, () => timed(() => server.post(bytes)));
    const [first, second] = (await Promise.all(pending)).sort((a, b) => a[1] - b[1]);
    expect([first![0].status, second![0].status]).toEqual([200, 504]);
    expect(second![1]).toBeGreaterThanOrEqual(1390);
    expect(second![1]).toBeLessThan(1400 + SLACK_MS);
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 0);
    const [running, ms] = await timed(() => server.post(bytes, { headers: { 'x-request-timeout-ms': '300' } }));
    expect([running.status, await codeOf(running)]).toEqual([504, 'DEADLINE_PASSED']);
    expect(ms).toBeGreaterThanOrEqual(290);
    expect(ms).toBeLessThan(300 + SLACK_MS); // the worker was at it, for 900 ms
  });

  it('H10: lets a batch through that is done in time, and not what had to wait for it', async () => {
    const args = [...PAIRS, '--batching-timeout-sec', '1', '--timeout-sec', '2.8'];
    await using server = await TestServer.ready({ slowMs: 800, args });
    const early = server.post(bytes); // keeps the worker busy until 0.8 s
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 1);
    const answers = await statuses(times(3, () => server.post(bytes))); // a pair until 2.4 s, one until 3.2 s
    expect(answers.sort()).toEqual([200, 200, 504]);
    expect((await early).status).toBe(200);
  });

  it('H11: may be switched off', async () => {
    await using server = await TestServer.ready({ slowMs: 300, args: [...PAIRS, '--timeout-sec', '0'] });
    expect(await statuses([server.post(bytes), server.postBatch([bytes, bytes])])).toEqual([200, 200]);
    const hurried = await server.post(bytes, { headers: { 'x-request-timeout-ms': '100' } });
    expect(hurried.status).toBe(504);
  });
});

describe('a batch', () => {
  it('H14: of two that come at once is computed at once', async () => {
    await using server = await TestServer.ready({ slowMs: 200, args: [...PAIRS, '--batching-timeout-sec', '1'] });
    const early = server.post(bytes);
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 1);
    const answers = await Promise.all(times(2, () => server.post(bytes)));
    const [a, b] = (await Promise.all(answers.map((answer) => answer.json()))) as { boxes: number[][] }[];
    expect(a!.boxes.length).toBeGreaterThan(2);
    expect(b!.boxes).toEqual(a!.boxes);
    await early;
    expect(await server.metric('batch_size_sum')).toBe(3);
    expect(await server.metric('batch_size_count')).toBe(2);
  });

  it.each([
    [0, 2],
    [0.1, 3],
    [0.5, 8],
    [20, 4],
  ])('H16: with a window of %d s leaves when it has its %d images', async (window, size) => {
    const args = [...ONE_WORKER, '--max-batch-size', String(size), '--batching-timeout-sec', String(window)];
    await using server = await TestServer.ready({ args });
    const [response, ms] = await timed(() => server.postBatch(times(2 * size, () => bytes)));
    expect(response.status).toBe(200);
    expect(await server.metric('batch_size_count')).toBe(2);
    expect(ms).toBeLessThan(5000);
  });

  it.each<[args: string[], said: RegExp]>([
    [['--max-batch-size', '0'], /--max-batch-size must be at least 1, not 0/],
    [['--max-batch-size', '-1'], /--max-batch-size/],
    [
      ['--batching-timeout-sec', '20', '--timeout-sec', '10'],
      /--batching-timeout-sec is 20, .* requests fail after 10 s/,
    ],
  ])('H17: %j is refused before anything starts', async (args, said) => {
    const { code, stderr } = await preannotate(['serve', ...EMOJI, '--port', '0', ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(said);
  });
});

describe('requests in flight', () => {
  it('H33: are counted in /metrics', async () => {
    await using server = await TestServer.ready({ slowMs: 400, args: ONE_WORKER });
    expect(await server.metric('admitted_items')).toBe(0);
    const pending = times(4, () => server.post(bytes));
    await server.until(async () => (await server.metric('admitted_items')) === 4);
    expect(await server.metric('requests_in_progress')).toBe(5); // with the one that asks
    expect(await statuses(pending)).toEqual([200, 200, 200, 200]);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('requests_in_progress')).toBe(1);
  });
});
