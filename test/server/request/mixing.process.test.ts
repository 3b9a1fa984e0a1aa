import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BatchAnswer, PredictAnswer, type BatchItemAnswer } from '../../../src/config/predict-schema.js';
import { FIXTURES } from '../../support/model/golden.js';
import { base64, scene, TestServer } from '../../support/server.js';

const ROUNDS = 50; // of four interleavings each, at the same time
const SEED = 22;
const TIME_LIMIT_MS = 300_000;

/** Low enough for random weights to detect something for each ontology in each image. */
const FLOOR = 0.001;

const things = Array.from({ length: 9 }, (_, i) => `thing number ${i}`);

/** Alike where mistakes would be easy: the same prompts under other names, beside others, beside ignored ones. */
const ONTOLOGIES = [
  { classes: [classOf('cup', 'a photo of a cup')] },
  { classes: [classOf('Tasse', 'a photo of a cup')] },
  { classes: [classOf('cup', 'a photo of a cup', 'a mug'), classOf('bottle', 'a bottle')] },
  { classes: [classOf('cup', 'a bottle'), classOf('bottle', 'a photo of a cup', 'a mug')] },
  { classes: [classOf('cup', 'a photo of a cup')], ignore: things },
  { classes: [classOf('cup', 'cup')], templates: ['a drawing of a {}'] },
  { classes: things.map((prompt, i) => classOf(`class ${i}`, prompt)) },
];

const IMAGES = await Promise.all(
  ['scene-01.jpg', 'scene-10.png', 'scene-19.webp'].map(async (name) => base64(await scene(name))),
);
const OPTIONS = { score_threshold: FLOOR, max_detections: 50 };

/** One request: when it is sent, for which image and ontology, and whether its client waits for the answer. */
const Request = fc.record({
  waitMs: fc.nat(8),
  image: fc.nat(IMAGES.length - 1),
  ontology: fc.nat(ONTOLOGIES.length - 1),
  isRenamed: fc.boolean(), // an ontology that the server has not seen, with prompts that it has
  isBulk: fc.boolean(),
  leavesAfterMs: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(30) }),
});
type Request = typeof Request extends fc.Arbitrary<infer Value> ? Value : never;

/** Most requests are for the same image, whose answers differ by ontology only. */
const Interleaving = fc.oneof(
  fc
    .tuple(fc.nat(IMAGES.length - 1), fc.array(Request, { minLength: 2, maxLength: 6 }))
    .map(([image, requests]) => requests.map((request) => ({ ...request, image }))),
  fc.array(Request, { minLength: 2, maxLength: 6 }),
);
const Round = fc.array(Interleaving, { minLength: 4, maxLength: 4 });

let server: TestServer;
let alone: Answer[][]; // by image and ontology, requested one after the other
let renamed = 0;

beforeAll(async () => {
  const batching = ['--max-batch-size', '4', '--workers-per-device', '1'];
  const model = ['--model', join(FIXTURES, 'models/owlvit-tiny'), '--score-floor', String(FLOOR)];
  server = await TestServer.ready({ args: [...model, ...batching] });
  alone = [];
  for (const image_base64 of IMAGES) {
    const answers: Answer[] = [];
    for (const ontology of ONTOLOGIES) {
      const response = await server.postJson('/predict', { image_base64, ontology, ...OPTIONS });
      answers.push(essentialOf(PredictAnswer.parse(await response.json())));
    }
    alone.push(answers);
  }
});
afterAll(() => server[Symbol.asyncDispose]());

it('ontologies of these tests are all answered differently, so that a mix-up would show', () => {
  const answers = alone.flat().map((answer) => JSON.stringify(answer));
  expect(new Set(answers).size).toBe(IMAGES.length * ONTOLOGIES.length);
  for (const { labels } of alone.flat()) expect(labels.length).toBeGreaterThan(0);
});

it(
  'requests at the same time never get the answers of each other, in whatever order they come',
  async () => {
    const property = fc.asyncProperty(Round, async (interleavings) => {
      await Promise.all(interleavings.flat().map(sendAndCompare));
    });
    await fc.assert(property, { seed: SEED, numRuns: ROUNDS, endOnFailure: true });
    const [images, batches] = [await server.metric('batch_size_sum'), await server.metric('batch_size_count')];
    expect(images / batches).toBeGreaterThan(1.5); // else nothing was computed together, and nothing could mix
    expect(await server.metric('admitted_items')).toBe(0);
  },
  TIME_LIMIT_MS,
);

/** Sends a request in its time, and compares the answer with the one that it gets without other requests. */
async function sendAndCompare({
  waitMs,
  image,
  ontology: index,
  isRenamed,
  isBulk,
  leavesAfterMs,
}: Request): Promise<void> {
  await sleep(waitMs);
  const suffix = isRenamed ? ` ${renamed++}` : '';
  const ontology = renamedBy(suffix, ONTOLOGIES[index]!);
  const signal = leavesAfterMs === null ? null : AbortSignal.timeout(leavesAfterMs);
  const shown = isBulk ? [image, (image + 1) % IMAGES.length] : [image];
  const images = shown.map((i) => ({ image_base64: IMAGES[i]! }));
  const body = JSON.stringify({ ...(isBulk ? { images } : images[0]), ontology, ...OPTIONS });
  const headers = { 'content-type': 'application/json' };
  const sent = server.fetch(isBulk ? '/predict/batch' : '/predict', { method: 'POST', body, headers, signal });
  const json = await sent
    .then((response): Promise<unknown> => response.json())
    .catch((error: unknown) => {
      if (signal?.aborted !== true) throw error;
    });
  if (json === undefined) return; // the client has left, and has no answer to compare
  expect(json).not.toHaveProperty('detail'); // a failure
  const answers = isBulk ? BatchAnswer.parse(json).results : [PredictAnswer.parse(json)];
  expect(answers.map(essentialOf)).toEqual(shown.map((i) => answerWith(suffix, alone[i]![index]!)));
}

function classOf(name: string, ...prompts: string[]) {
  return { name, prompts };
}

function renamedBy<Form extends { classes: readonly { name: string }[] }>(suffix: string, ontology: Form) {
  return { ...ontology, classes: ontology.classes.map((one) => ({ ...one, name: one.name + suffix })) };
}

type Answer = Pick<PredictAnswer, 'boxes' | 'scores' | 'labels' | 'prompts'>;

function answerWith(suffix: string, answer: Answer): Answer {
  return { ...answer, labels: answer.labels.map((label) => label + suffix) };
}

function essentialOf(answer: PredictAnswer | BatchItemAnswer): Answer {
  if (!('boxes' in answer)) throw new Error(`no answer: ${JSON.stringify(answer)}`);
  const { boxes, scores, labels, prompts } = answer;
  return { boxes, scores, labels, prompts };
}
