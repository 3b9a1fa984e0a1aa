import { describe, expect, it } from 'vitest';
import { base64, scene, TestServer } from '../support/server.js';

const bytes = await scene('scene-01.jpg');
const ONE_WORKER = ['--workers-per-device', '1'];

const times = <Result>(count: number, make: (i: number) => Result): Result[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('a lone image', () => {
  it('does not wait for the images of a large batch that came before it, and these are all answered', async () => {
    await using server = await TestServer.ready({ slowMs: 50, args: ONE_WORKER });
    const images = times(24, () => ({ image_base64: base64(bytes) }));
    const headers = { accept: 'application/x-ndjson' };
    const reader = (await server.postJson('/predict/batch', { images }, headers)).body!.getReader();
    let text = '';
    const lines = () => text.split('\n').length - 1;
    const read = async () => {
      const { done, value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      return !done;
    };
    await read();
    let answeredAfter = -1;
    const lone = server.post(bytes).then(({ status }) => {
      answeredAfter = lines();
      expect(status).toBe(200);
    });
    while (await read());
    await lone;
    expect(answeredAfter).toBeGreaterThan(0);
    expect(answeredAfter).toBeLessThan(16);
    expect(lines()).toBe(24);
    expect(text).not.toContain('"error"');
  });

  it('waits in the same line as images of batches: these are not put off for ever', async () => {
    await using server = await TestServer.ready({ slowMs: 50, args: ONE_WORKER });
    const controller = new AbortController();
    let lone = 0;
    const flood = async () => {
      while (!controller.signal.aborted) {
        expect((await server.post(bytes)).status).toBe(200);
        lone++;
      }
    };
    const floods = times(8, flood);
    await server.until(() => lone > 8);
    const images = times(8, () => ({ image_base64: base64(bytes) }));
    const answer = await server.postJson('/predict/batch', { images });
    const before = lone;
    controller.abort();
    await Promise.all(floods);
    expect(answer.status).toBe(200);
    expect(before).toBeLessThan(100);
  });
});

describe('an image that workers die of', () => {
  it('is answered 503, remembered by its content, and costs no further worker; others are served', async () => {
    await using server = await TestServer.ready({ fault: 'poison-bytes.mjs', args: ONE_WORKER });
    const poison = Uint8Array.from(Buffer.concat([bytes, Buffer.from('POISON')]));
    const restarts = () => server.metric('worker_restarts_total{device="cpu",worker="0"}');
    expect((await server.post(bytes)).status).toBe(200);
    const first = await server.post(poison);
    expect([first.status, ((await first.json()) as { code: string }).code]).toEqual([503, 'WORKER_CRASHED']);
    for (const _ of [2, 3]) {
      const response = await server.post(poison);
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([422, 'IMAGE_QUARANTINED']);
      expect(response.headers.has('retry-after')).toBe(false);
    }
    expect(await restarts()).toBe(2);
    expect((await server.post(bytes)).status).toBe(200);
    expect((await server.post(Uint8Array.from([...poison, 0]))).status).toBe(503); // another image
    expect(await restarts()).toBe(4);
  });
});

it('a server with a full queue says when to ask again, by how fast it has been', async () => {
  await using server = await TestServer.ready({ slowMs: 700, args: [...ONE_WORKER, '--queue-items', '4'] });
  expect((await server.post(bytes)).status).toBe(200);
  const pending = times(4, () => server.post(bytes));
  await server.until(async () => (await server.metric('admitted_items')) === 4);
  const refused = await server.post(bytes);
  expect(refused.status).toBe(429);
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(3);
  expect(seconds).toBeLessThan(30);
  expect((await Promise.all(pending)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
});
