import { beforeAll, describe, expect, it } from 'vitest';
import { codeOf, statuses, timed, times } from '../../support/clients/requests.js';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');

const batching = (size: number, windowSec: number) => [
  ...['--workers-per-device', '1', '--max-batch-size', String(size)],
  ...['--batching-timeout-sec', String(windowSec)],
];

async function boxesIn(response: Response | Promise<Response>): Promise<number[][]> {
  return ((await (await response).json()) as { boxes: number[][] }).boxes;
}

describe('a batch of 4 images with a window of 20 s', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: batching(4, 20) });
    return () => server[Symbol.asyncDispose]();
  });

  it('of images that come together leaves together, and a single image leaves at once for an idle device', async () => {
    expect((await server.post(bytes)).status).toBe(200);
    expect((await server.postBatch(times(4, () => bytes))).status).toBe(200);
    expect(await server.metric('batches_total{device="cpu"}')).toBe(2);
    expect(await server.metric('images_total')).toBe(5);
  });

  it('leaves as soon as it has 4 images', async () => {
    const before = await server.metric('batch_size_count');
    const [response, ms] = await timed(() => server.postBatch(times(8, () => bytes)));
    expect(response.status).toBe(200);
    expect((await server.metric('batch_size_count')) - before).toBe(2);
    expect(ms).toBeLessThan(5000);
  });
});

describe('a batch of 8 images with a window of 0.5 s', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ args: batching(8, 0.5) });
    return () => server[Symbol.asyncDispose]();
  });

  it('leaves as soon as it has 8 images', async () => {
    expect((await server.postBatch(times(16, () => bytes))).status).toBe(200);
    expect(await server.metric('batch_size_count')).toBe(2);
  });

  it('answers images that cannot be decoded with their own status, and all others as if alone', async () => {
    const expected = await boxesIn(server.post(bytes));
    const truncated = bytes.slice(0, 300);
    const text = new TextEncoder().encode('hello');
    const images = times(8, (i) => (i === 3 ? truncated : i === 6 ? text : bytes));
    const responses = await Promise.all(images.map((image) => server.post(image)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 422, 200, 200, 415, 200]);
    expect(await codeOf(responses[3]!)).toBe('IMAGE_UNDECODABLE');
    for (const response of responses.filter(({ status }) => status === 200)) {
      const boxes = await boxesIn(response);
      expect(boxes).toHaveLength(expected.length);
      boxes.forEach((box, i) => box.forEach((edge, side) => expect(edge).toBeCloseTo(expected[i]![side]!, 1)));
    }
  });
});

describe('a batch', () => {
  it.each([
    [0, 2],
    [0.1, 3],
  ])('with a window of %d s leaves as soon as it has its %d images', async (windowSec, size) => {
    await using server = await TestServer.ready({ args: batching(size, windowSec) });
    const [response, ms] = await timed(() => server.postBatch(times(2 * size, () => bytes)));
    expect(response.status).toBe(200);
    expect(await server.metric('batch_size_count')).toBe(2);
    expect(ms).toBeLessThan(5000);
  });
});

describe('a batch of 2 images', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ slowMs: 200, args: batching(2, 1) });
    return () => server[Symbol.asyncDispose]();
  });

  it('is computed in one forward pass where two requests come while the device is busy', async () => {
    const early = server.post(bytes);
    await server.until(async () => (await server.metric('inflight{device="cpu",worker="0"}')) === 1);
    const [a, b] = await Promise.all(times(2, () => boxesIn(server.post(bytes))));
    expect(a!.length).toBeGreaterThan(2);
    expect(b).toEqual(a);
    expect(await statuses([early])).toEqual([200]);
    expect(await server.metric('batch_size_sum')).toBe(3);
    expect(await server.metric('batch_size_count')).toBe(2);
  });

  it('for which the model returns too few images is detected, and each image is computed again alone', async () => {
    const boxes = await boxesIn(server.post(bytes));
    await using faulty = await TestServer.ready({ fault: 'short-batch.mjs', args: batching(2, 1) });
    const { results } = (await (await faulty.postBatch([bytes, bytes])).json()) as { results: object[] };
    expect(results).toMatchObject([
      { status: 200, boxes },
      { status: 200, boxes },
    ]);
    expect(faulty.running.stderr).toContain('died');
  });
});
