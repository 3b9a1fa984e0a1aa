import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { PredictAnswer, ProblemAnswer } from '../../../src/config/predict-schema.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { times } from '../../support/clients/requests.js';
import { boxesOfRun } from '../../support/evaluation/boxes-of-run.js';
import { base64, scene, TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

const scenes = await Promise.all(times(6, (i) => scene(`scene-0${i + 1}.jpg`)));
const bytes = scenes[0]!;
const image_base64 = base64(bytes);

let server: TestServer;
beforeAll(async () => {
  server = await TestServer.ready({ args: ['--queue-items', '200'] });
  return () => server[Symbol.asyncDispose]();
});

async function answerOf(response: Response): Promise<PredictAnswer> {
  expect(response.status).toBe(200);
  return PredictAnswer.parse(await response.json());
}

const labelsOf = async (response: Response) => (await answerOf(response)).labels;
const boxesOf = async (response: Response) => (await answerOf(response)).boxes;

function formWithImage(): FormData {
  const form = new FormData();
  form.append('image', new Blob([bytes]), 'one.jpg');
  return form;
}

describe('POST /predict', () => {
  it('answers what a run would write, whether the image comes as bytes, as JSON or in a form', async () => {
    const out = await temporaryFolder();
    const options = { score_threshold: 0.1, nms: false };
    const flags = ['--score-threshold', '0.1', '--no-nms'];
    await preannotate(['run', join(SCENES, 'scene-01.jpg'), ...EMOJI, '-o', out, ...flags]);
    const raw = await answerOf(await server.post(bytes, { query: '?score_threshold=0.1&nms=false' }));
    expect(raw.labels.length).toBeGreaterThan(3);
    expect(raw.boxes.map((box, i) => [raw.labels[i], raw.scores[i], ...box])).toEqual(await boxesOfRun(out));
    const json = await server.postJson('/predict', { image_base64, ...options });
    const form = formWithImage();
    for (const [name, value] of Object.entries(options)) form.append(name, String(value));
    const multipart = await server.fetch('/predict', { method: 'POST', body: form });
    for (const response of [json, multipart]) {
      expect({ ...(await answerOf(response)), request_id: '' }).toEqual({ ...raw, request_id: '' });
    }
  });

  it('names the size of the image, the model and the request beside boxes, scores, labels and prompts', async () => {
    const answer = await answerOf(await server.post(bytes, { headers: { 'x-request-id': 'mine-1' } }));
    expect(answer).toMatchObject({ width: 320, height: 240, model: 'builtin:emoji', request_id: 'mine-1' });
    expect(answer.labels).toEqual(expect.arrayContaining(['wine glass', 'cup', 'bottle']));
    expect(answer.prompts[0]).toBe(`a photo of a ${answer.labels[0]!}`);
    expect(answer.boxes).toHaveLength(answer.scores.length);
  });

  it('takes data: URLs, base64 with line breaks, and image bytes of any declared image type', async () => {
    const broken = image_base64.replaceAll(/.{76}/g, '$&\r\n');
    await answerOf(await server.postJson('/predict', { image_base64: `data:image/jpeg;base64,${image_base64}` }));
    await answerOf(await server.postJson('/predict', { image_base64: broken }));
    await answerOf(await server.post(bytes, { headers: { 'content-type': 'application/octet-stream' } }));
    await answerOf(await server.post(bytes, { headers: { 'content-type': 'image/png' } })); // its content decides
  });

  it('detects the classes of the ontology in the request, and selects with its thresholds and limits', async () => {
    const short = { 'a photo of a bottle': 'Flasche', 'a photo of a cup': 'Tasse' };
    const full = { classes: [{ name: 'Tasse', prompts: ['a photo of a cup'], threshold: 0.99 }] };
    const two = await labelsOf(await server.postJson('/predict', { image_base64, ontology: short }));
    expect([...two].sort()).toEqual(['Flasche', 'Tasse']);
    expect(await labelsOf(await server.postJson('/predict', { image_base64, ontology: full }))).toEqual([]);
    const one = await server.postJson('/predict', { image_base64, ontology: short, max_detections: 1 });
    expect(await labelsOf(one)).toEqual(two.slice(0, 1));
    const query = `?ontology=${encodeURIComponent(JSON.stringify(short))}&score_threshold=0.7`;
    expect(await labelsOf(await server.post(bytes, { query }))).toEqual(['Tasse']);
  });
});

describe('options in the query', () => {
  const query = '?score_threshold=0.99';

  it('apply to every kind of body', async () => {
    expect((await labelsOf(await server.postJson('/predict', { image_base64 }))).length).toBeGreaterThan(2);
    expect(await labelsOf(await server.postJson(`/predict${query}`, { image_base64 }))).toEqual([]);
    const form = { method: 'POST', body: formWithImage() };
    expect(await labelsOf(await server.fetch(`/predict${query}`, form))).toEqual([]);
    for (const answer of [
      await server.postJson(`/predict/batch${query}`, { images: [{ image_base64 }] }),
      await server.fetch(`/predict/batch${query}`, form),
    ]) {
      expect(await answer.json()).toMatchObject({ results: [{ status: 200, labels: [] }] });
    }
  });

  it('are overridden by those of the body', async () => {
    const found = await labelsOf(await server.postJson(`/predict${query}`, { image_base64, score_threshold: 0.4 }));
    expect(found.length).toBeGreaterThan(2);
  });

  it.each(['?treshold=0.9', '?score_threshold=much', '?image_url=http://127.0.0.1/', '?fit=grey'])(
    'are refused for every kind of body where they are unknown or wrong, as in %s',
    async (wrong) => {
      expect((await server.postJson(`/predict${wrong}`, { image_base64 })).status).toBe(422);
      expect((await server.fetch(`/predict${wrong}`, { method: 'POST', body: formWithImage() })).status).toBe(422);
      expect((await server.post(bytes, { query: wrong })).status).toBe(422);
    },
  );

  it('cannot ask for more boxes than --max-detections keeps', async () => {
    expect((await server.post(bytes, { query: '?max_detections=300' })).status).toBe(200);
    const refused = await server.post(bytes, { query: '?max_detections=301' });
    const { code, detail } = ProblemAnswer.parse(await refused.json());
    expect([code, detail]).toEqual(['REQUEST_INVALID', expect.stringContaining('above 300')]);
  });
});

describe('many requests', () => {
  it('one after another are all answered alike, and leave nothing in the queue', async () => {
    const expected = await Promise.all(scenes.map(async (image) => boxesOf(await server.post(image))));
    for (let i = 0; i < 100; i++) expect(await boxesOf(await server.post(scenes[i % 6]!))).toEqual(expected[i % 6]);
    expect(await server.metric('admitted_items')).toBe(0);
    expect(await server.metric('queue_bytes')).toBe(0);
  });

  it('from 26 clients at once are each answered for their own image', async () => {
    const expected = await Promise.all(scenes.map(async (image) => boxesOf(await server.post(image))));
    const waiting = times(100, (i) => i);
    const client = async () => {
      for (let i = waiting.shift(); i !== undefined; i = waiting.shift()) {
        expect(await boxesOf(await server.post(scenes[i % 6]!))).toEqual(expected[i % 6]);
      }
    };
    await Promise.all(times(26, client));
    expect(waiting).toEqual([]);
  });
});
