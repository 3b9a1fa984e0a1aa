import { expect, it } from 'vitest';
import { scene, TestServer } from '../../../support/server.js';

const hits = (server: TestServer) => server.metric('answer_cache_total{result="hit"}');
const passes = (server: TestServer) => server.metric('batch_size_count');
const DOG = { 'a photo of a dog': 'dog' };

async function answerOf(request: Promise<Response>) {
  const response = await request;
  expect(response.status).toBe(200);
  const { request_id: _, ...answer } = (await response.json()) as Record<string, unknown>;
  return answer;
}

it('answers an image that comes again with the same prompts from memory, whatever the threshold', async () => {
  await using server = await TestServer.ready({ args: ['--answer-cache', '2'] });
  const [first, second, third] = await Promise.all(['01', '02', '03'].map((number) => scene(`scene-${number}.jpg`)));
  const answer = await answerOf(server.post(first!));
  const computed = await passes(server);
  expect(await answerOf(server.post(first!))).toEqual(answer);
  const strict = await answerOf(server.post(first!, { query: '?score_threshold=0.7' }));
  expect((strict['scores'] as number[]).length).toBeLessThan((answer['scores'] as number[]).length);
  expect([await hits(server), await passes(server)]).toEqual([2, computed]);

  const query = `?ontology=${encodeURIComponent(JSON.stringify(DOG))}`;
  const dogs = await answerOf(server.post(first!, { query }));
  expect(dogs['labels']).not.toEqual(answer['labels']);
  expect(await answerOf(server.post(first!, { query }))).toEqual(dogs);
  expect(await hits(server)).toBe(3);

  for (const bytes of [second!, third!]) await server.post(bytes); // in the place of what is there
  await server.post(first!);
  expect(await hits(server)).toBe(3);
});

it('keeps no failure', async () => {
  await using server = await TestServer.ready({ args: ['--answer-cache', '2'] });
  const cut = (await scene('scene-01.jpg')).slice(0, 40);
  expect((await server.post(cut)).status).toBeGreaterThanOrEqual(400);
  expect((await server.post(cut)).status).toBeGreaterThanOrEqual(400);
  expect(await hits(server)).toBeNaN();
});

it('is off by default', async () => {
  await using server = await TestServer.ready();
  const bytes = await scene('scene-01.jpg');
  await server.post(bytes);
  const computed = await passes(server);
  await server.post(bytes);
  expect(await passes(server)).toBe(computed + 1);
});
