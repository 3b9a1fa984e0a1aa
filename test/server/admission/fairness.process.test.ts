import { beforeAll, describe, expect, it } from 'vitest';
import { times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const imagesOf = (count: number) => times(count, () => ({ image_base64: base64(bytes) }));

describe('a single image', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ slowMs: 50, args: ['--workers-per-device', '1'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('does not wait for all images of a batch that came before it, and these are all answered', async () => {
    const headers = { accept: 'application/x-ndjson' };
    const batch = await server.postJson('/predict/batch', { images: imagesOf(24) }, headers);
    const reader = batch.body!.getReader();
    let text = '';
    const lines = () => text.split('\n').length - 1;
    const read = async () => {
      const { done, value } = await reader.read();
      text += Buffer.from(value ?? []).toString();
      return !done;
    };
    await read();
    let answeredAfter = -1;
    const single = server.post(bytes).then(({ status }) => {
      answeredAfter = lines();
      expect(status).toBe(200);
    });
    while (await read());
    await single;
    expect(answeredAfter).toBeGreaterThan(0);
    expect(answeredAfter).toBeLessThan(16);
    expect(lines()).toBe(24);
    expect(text).not.toContain('"error"');
  });

  it('takes turns with the images of batches, which many single images do not put off indefinitely', async () => {
    const controller = new AbortController();
    let answered = 0;
    const flood = async () => {
      while (!controller.signal.aborted) {
        expect((await server.post(bytes)).status).toBe(200);
        answered++;
      }
    };
    const floods = times(8, flood);
    await server.until(() => answered > 8);
    const answer = await server.postJson('/predict/batch', { images: imagesOf(8) });
    const before = answered;
    controller.abort();
    await Promise.all(floods);
    expect(answer.status).toBe(200);
    expect(before).toBeLessThan(100);
  });
});
