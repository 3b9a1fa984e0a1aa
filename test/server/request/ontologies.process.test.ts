import { beforeAll, describe, expect, it } from 'vitest';
import { times } from '../../support/clients/requests.js';
import { base64, scene, TestServer } from '../../support/server.js';

const bytes = await scene('scene-01.jpg');
const image_base64 = base64(bytes);

describe('an ontology in a request', () => {
  let server: TestServer;
  beforeAll(async () => {
    const args = ['--workers-per-device', '1', '--max-batch-size', '4', '--queue-items', '80'];
    server = await TestServer.ready({ args });
    return () => server[Symbol.asyncDispose]();
  });

  it('is used for that request only, among more of them than a worker keeps', async () => {
    const labelsFor = async (i: number) => {
      const ontology = { [i % 2 === 0 ? 'a photo of a bottle' : 'a photo of a cup']: `class ${i}` };
      const answer = await server.postJson('/predict', { image_base64, ontology });
      return ((await answer.json()) as { labels: string[] }).labels;
    };
    expect(await Promise.all(times(70, labelsFor))).toEqual(times(70, (i) => [`class ${i}`]));
    expect(await labelsFor(0)).toEqual(['class 0']); // forgotten, and sent to the worker again
  });

  it.each<[string, object]>([
    ['prompt: class', { 'a photo of a bottle': 'found', 'a photo of a cup': 'found' }],
    ['class: prompts', { found: ['a photo of a bottle', 'a photo of a cup'] }],
    ['classes with prompts as text', { classes: [{ name: 'found', prompts: 'a photo of a bottle' }] }],
    ['names of classes, put into a template', { classes: ['bottle', 'cup'], templates: 'a photo of a {}' }],
    ['the content of a data.yaml', { nc: 2, names: { 0: 'a photo of a bottle', 1: 'a photo of a cup' } }],
  ])('is taken in every form that a file may have: %s', async (_, ontology) => {
    const answer = await server.postJson('/predict', { image_base64, ontology });
    expect(answer.status).toBe(200);
    expect(((await answer.json()) as { labels: string[] }).labels).not.toEqual([]);
  });

  it('is asked in canonical form, unless it says otherwise, and answers have its spelling', async () => {
    const scoresOf = async (prompt: string, more: object = {}) => {
      const ontology = { classes: [{ name: 'found', prompts: [prompt] }], ...more };
      const answer = await server.postJson('/predict', { image_base64, ontology });
      const { scores, prompts } = (await answer.json()) as { scores: number[]; prompts: string[] };
      expect(new Set(prompts)).toEqual(new Set(scores.length > 0 ? [prompt] : []));
      return scores;
    };
    const plain = await scoresOf('a wine glass');
    expect(plain.length).toBeGreaterThan(0);
    expect(await scoresOf('"A Wine_Glass."')).toEqual(plain);
    expect(await scoresOf('"A Wine_Glass."', { canonical: false })).not.toEqual(plain);
    expect(await scoresOf('A Wine Glass', { canonical: false })).toEqual(plain);
  });

  it('is refused with pointers where nothing is left of a prompt, and with the way out', async () => {
    const ontology = { classes: [{ name: 'pet', prompts: ['a dog', '🐶'] }] };
    const answer = await server.postJson('/predict', { image_base64, ontology });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      detail: expect.stringContaining('`canonical: false`') as string,
      errors: [{ pointer: '/ontology/classes/0/prompts/1', detail: expect.stringContaining('"🐶"') as string }],
    });
  });

  it('is refused with pointers where it has both orders of the short form', async () => {
    const ontology = { 'a bottle': 'bottle', cup: ['a cup'] };
    const answer = await server.postJson('/predict', { image_base64, ontology });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ errors: [{ pointer: '/ontology/cup' }] });
  });

  it('is answered 503 where the text encoder fails, while ontologies that are cached still work', async () => {
    // The server of these tests has cached its own ontology on disk, which this one has too.
    await using broken = await TestServer.ready({ fault: 'no-encode.mjs' });
    for (const ontology of [{ 'a thing': 'x' }, { 'a thing': 'x' }, { 'another thing': 'y' }]) {
      const response = await broken.postJson('/predict', { image_base64, ontology });
      expect(response.status).toBe(503);
      expect(JSON.stringify(await response.json())).not.toMatch(/\bat .*:\d+:\d+/); // no stack
    }
    expect((await broken.post(bytes)).status).toBe(200);
    expect((await broken.fetch('/readyz')).status).toBe(200);
  });
});
