import { expect, it } from 'vitest';
import { findModel } from '../../../src/model/source.js';
import { embedExamples } from '../../../src/workers/queries/example-embeddings.js';

const FINDING = {
  precision: 'auto',
  watcher: { progress: () => {}, note: () => {} },
  variables: process.env,
} as const;

it('examples are refused for a model that does not give class embeddings, before a worker encodes them', async () => {
  const model = await findModel('builtin:emoji', FINDING);
  const file = { path: 'onnx/model.onnx', precision: 'fp32', fileOf: new Map<string, string>() } as const;
  const exported = { ...model, checkpoint: { ...model.checkpoint, exported: file } };
  const source = { model: exported, exampleRule: 'auto', places: { whole: '', byLabel: {} } } as const;
  const asked = embedExamples([{ image: 'scene-04.jpg', sha256: 'x' }], source, () => expect.unreachable());
  await expect(asked).rejects.toMatchObject({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(/"builtin:emoji" cannot take examples/) as string,
  });
});
