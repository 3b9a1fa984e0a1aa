import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PredictAnswer } from '../../../src/config/predict-schema.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { boxesOfRun } from '../../support/evaluation/boxes-of-run.js';
import { scene, TestServer } from '../../support/server.js';
import { temporaryFolder } from '../../support/temporary.js';

it.each([
  ['tiles and 8-bit weights', ['--tiles', '320', '--precision', 'int8']],
  ['another input size', ['--image-size', '192,256']],
  ['padded images', ['--fit', 'letterbox']],
])('a server with %s answers what a run with them would write', async (_, options) => {
  const out = await temporaryFolder();
  await preannotate(['run', join(SCENES, 'scene-01.jpg'), ...EMOJI, '-o', out, ...options]);
  await using server = await TestServer.ready({ args: options });
  const response = await server.post(await scene('scene-01.jpg'));
  const { boxes, labels, scores } = PredictAnswer.parse(await response.json());
  expect(boxes.length).toBeGreaterThan(1);
  expect(boxes.map((box, i) => [labels[i], scores[i], ...box])).toEqual(await boxesOfRun(out));
});
