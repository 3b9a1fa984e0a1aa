import { expect, it } from 'vitest';
import { scene, TestServer } from '../../support/server.js';

const ONE_WORKER = ['--workers-per-device', '1', '--batching-timeout-sec', '1'];

/** Forward passes, and images or tiles in them, as /metrics counts them. */
async function passesOf(server: TestServer) {
  return { count: await server.metric('batch_size_count'), sum: await server.metric('batch_size_sum') };
}

it('batch_size counts the passes that a small device computed, not the images that its worker received', async () => {
  const args = [...ONE_WORKER, '--max-batch-size', '8'];
  await using server = await TestServer.ready({ fault: 'small-device.mjs', args });
  const bytes = await scene('scene-01.jpg');
  const response = await server.postBatch(Array<typeof bytes>(8).fill(bytes));
  expect(response.status).toBe(200);
  expect(await passesOf(server)).toEqual({ count: 4, sum: 8 }); // the device has room for two
  expect(await server.metric('batches_total{device="cpu"}')).toBe(4);
});

it('batch_size counts the tiles of an image, in the passes that they went through the model in', async () => {
  const args = [...ONE_WORKER, '--max-batch-size', '3', '--tiles', '200,overlap=0'];
  await using server = await TestServer.ready({ args });
  const response = await server.postBatch([await scene('scene-01.jpg')]); // 320 x 240
  expect(response.status).toBe(200);
  expect(await passesOf(server)).toEqual({ count: 2, sum: 5 }); // the whole image and four tiles
});
