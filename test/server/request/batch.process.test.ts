import { beforeAll, describe, expect, it } from 'vitest';
import { BatchAnswer, PredictAnswer, ProblemAnswer } from '../../../src/config/predict-schema.js';
import { times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);
const SLOW_MS = 150;

describe('POST /predict/batch', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await TestServer.ready({ slowMs: SLOW_MS, args: ['--workers-per-device', '1'] });
    return () => server[Symbol.asyncDispose]();
  });

  it('answers each image with its own status, in the order of the request', async () => {
    const images = [
      { id: 'good', image_base64 },
      { image_base64: base64(bytes.slice(0, 300)) },
      { id: 'url', image_url: 'http://169.254.169.254/' },
      { image_base64: base64(await scene('scene-02.jpg')) },
    ];
    const response = await server.postJson('/predict/batch', { images });
    const { results } = BatchAnswer.parse(await response.json());
    expect(results.map(({ index, id, status }) => [index, id, status])).toEqual([
      [0, 'good', 200],
      [1, undefined, 422],
      [2, 'url', 403],
      [3, undefined, 200],
    ]);
    const { boxes, scores, labels } = PredictAnswer.parse(await (await server.post(bytes)).json());
    expect(results[0]).toMatchObject({ boxes, scores, labels });
    expect(results[1]).toMatchObject({ error: { code: 'IMAGE_UNDECODABLE' } });
  });

  it('sends one line for each image where the client accepts NDJSON', async () => {
    const images = [{ image_base64 }, { image_base64: 'AAAAAAAA' }, { image_base64 }];
    const response = await server.postJson('/predict/batch', { images }, { accept: 'application/x-ndjson' });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const lines = (await response.text()).trim().split('\n');
    const answers = lines.map((line) => JSON.parse(line) as { index: number; status: number });
    expect(answers.map(({ index, status }) => [index, status]).sort()).toEqual([
      [0, 200],
      [1, 415],
      [2, 200],
    ]);
  });

  it('sends each line as soon as its image is done, uncompressed', async () => {
    const headers = { accept: 'application/x-ndjson', 'accept-encoding': 'gzip, br' };
    const response = await server.postBatch(
      times(4, () => bytes),
      headers,
    );
    expect(response.headers.get('content-encoding')).toBeNull();
    const arrivals: number[] = [];
    let text = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      arrivals.push(performance.now());
    }
    const lines = text.trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { status: number }).status)).toEqual([200, 200, 200, 200]);
    expect(arrivals.length).toBeGreaterThanOrEqual(3);
    expect(arrivals.at(-1)! - arrivals[0]!).toBeGreaterThan(1.6 * SLOW_MS); // three more images
  });

  it('is answered 422 with a pointer to the images where they are more than --request-images', async () => {
    const images = times(65, () => ({ image_base64: 'AAAA' }));
    const response = await server.postJson('/predict/batch', { images });
    expect(response.status).toBe(422);
    expect(ProblemAnswer.parse(await response.json()).errors![0]!.pointer).toBe('/images');
  });
});
