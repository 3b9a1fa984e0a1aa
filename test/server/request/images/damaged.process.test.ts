import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mapConcurrent } from '../../../../src/core/stream.js';
import { damagedImages, type DamagedImage } from '../../../support/damaged-images.js';
import { shuffled } from '../../../support/random.js';
import { base64, TestServer } from '../../../support/server.js';

interface Failure {
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
}

const CLIENTS = 16;
const ROUNDS = 4;

describe('damaged images of many clients', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function answerTo({ bytes }: DamagedImage): Promise<Record<string, unknown>> {
    const response = await server.post(new Uint8Array(bytes));
    const { request_id: _id, timing: _timing, ...answer } = (await response.json()) as Record<string, unknown>;
    return { status: response.status, ...answer };
  }

  it('each get the reason of their own image, the same as when they are the only ones', async () => {
    const images = await damagedImages();
    const alone = new Map<string, { status: number; reason: unknown }>();
    const reasonOf = (answer: Record<string, unknown>) => {
      const { status, code, detail, message, hint, degraded, width, height } = answer;
      return { status: status as number, reason: { code, detail, message, hint, degraded, width, height } };
    };
    for (const image of images) {
      const answer = reasonOf(await answerTo(image));
      expect([image.name, answer.status]).toEqual([image.name, image.outcome === 'refused' ? expect.any(Number) : 200]);
      if (image.reason !== undefined) {
        const text = JSON.stringify(answer.reason);
        expect(text).toMatch(new RegExp(image.reason.source.replace(/^\^|\$$/g, '')));
      }
      alone.set(image.name, answer);
    }
    for (let round = 0; round < ROUNDS; round++) {
      const answers = mapConcurrent(shuffled([...images, ...images], round), CLIENTS, async (image) => {
        return { name: image.name, answer: reasonOf(await answerTo(image)) };
      });
      for await (const { name, answer } of answers) expect([name, answer]).toEqual([name, alone.get(name)]);
    }
  });

  it('are refused one by one in a batch, each with its own reason', async () => {
    const images = (await damagedImages()).filter(({ outcome }) => outcome === 'refused').slice(0, 8);
    const post = async (some: readonly DamagedImage[]) => {
      const body = { images: some.map(({ bytes }) => ({ image_base64: base64(bytes) })) };
      const answer = (await (await server.postJson('/predict/batch', body)).json()) as {
        results: { error: Failure }[];
      };
      return answer.results.map(({ error: { code, detail, hint } }) => {
        return { code, hint, detail: detail.replace(/^image \d+: /, '') };
      });
    };
    const together = await post(images);
    for (const [i, image] of images.entries()) {
      expect([image.name, together[i]]).toEqual([image.name, (await post([image]))[0]]);
    }
  });
});
