import { expect, it } from 'vitest';
import { findModel } from '../../../src/model/source.js';
import { embedExamples, makeCacheKey } from '../../../src/workers/queries/example-embeddings.js';

const FINDING = {
  precision: 'auto',
  watcher: { progress: () => {}, note: () => {} },
  variables: process.env,
} as const;

it('examples are refused for a model that does not give class embeddings, before a worker encodes them', async () => {
  const model = await findModel('builtin:emoji', FINDING);
  const file = { path: 'onnx/model.onnx', precision: 'fp32', fileOf: new Map<string, string>() } as const;
  const exported = { ...model, checkpoint: { ...model.checkpoint, exported: file } };
  const form = { exampleRule: 'auto', fit: 'stretch', positions: 'interpolate' } as const;
  const source = { model: exported, places: { whole: '', byLabel: {} }, ...form };
  const asked = embedExamples([{ image: 'scene-04.jpg', sha256: 'x' }], source, () => expect.unreachable());
  await expect(asked).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(/"builtin:emoji" cannot take examples/) as string,
  });
});

it('an example is embedded again for another input size, another fit and other positions', async () => {
  const model = await findModel('builtin:emoji', FINDING);
  const whole = { model, exampleRule: 'auto', fit: 'stretch', positions: 'interpolate' } as const;
  const sources = [
    whole,
    { ...whole, fit: 'grey' } as const,
    { ...whole, fit: 'letterbox' } as const,
    { ...whole, positions: 'slice' } as const,
    { ...whole, imageSize: { height: 96, width: 96 } },
  ];
  const keys = sources.map((source) => makeCacheKey({ image: 'scene-04.jpg', sha256: 'x' }, source));
  expect(new Set(keys).size).toBe(sources.length);
});
