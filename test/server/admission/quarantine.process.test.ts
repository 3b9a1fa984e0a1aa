import { expect, it } from 'vitest';
import { scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');

async function refusalOf(response: Response): Promise<[status: number, code: string]> {
  return [response.status, ((await response.json()) as { code: string }).code];
}

it('an image that kills workers is answered 503 once, and from then on 422 without a worker', async () => {
  await using server = await TestServer.ready({ fault: 'poison-bytes.mjs', args: ['--workers-per-device', '1'] });
  const poison = Uint8Array.from(Buffer.concat([bytes, Buffer.from('POISON')]));
  const restarts = () => server.metric('worker_restarts_total{device="cpu",worker="0"}');
  expect((await server.post(bytes)).status).toBe(200);
  expect(await refusalOf(await server.post(poison))).toEqual([503, 'WORKER_CRASHED']);
  for (const _ of [2, 3]) {
    const response = await server.post(poison);
    expect(response.headers.has('retry-after')).toBe(false);
    expect(await refusalOf(response)).toEqual([422, 'IMAGE_QUARANTINED']);
  }
  expect(await restarts()).toBe(2);
  expect((await server.post(bytes)).status).toBe(200);
  expect((await server.post(Uint8Array.from([...poison, 0]))).status).toBe(503); // another image
  expect(await restarts()).toBe(4);
});
