import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ort } from '../../../src/onnx/runtime.js';
import { FIXTURES, goldenCases, maxDifference, tensorsOf } from '../../support/model/golden.js';
import { writeExport } from './export.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU, as for the product's own graph

// Reference cases of OWL-ViT at the tiny checkpoint's own size, which is the one that an export has.
const cases = goldenCases('forward').filter(({ name }) => /^owlvit-b\d/.test(name) && !name.endsWith('no-mask'));

describe('the export that transformers.js is measured with', () => {
  let folder: string;
  let session: Awaited<ReturnType<typeof ort.InferenceSession.create>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-export-'));
    await mkdir(join(folder, 'onnx'));
    await writeExport(join(FIXTURES, 'models/owlvit-tiny'), folder);
    session = await ort.InferenceSession.create(join(folder, 'onnx/model.onnx'));
  });
  afterAll(async () => {
    await session.release();
    await rm(folder, { recursive: true });
  });

  it.each(cases)('gives the reference embeddings, logits and boxes: $name', async (golden) => {
    const tensor = tensorsOf(golden);
    const integers = (name: string) => {
      const { data, shape } = tensor(name);
      return new ort.Tensor('int64', BigInt64Array.from([...data].map(BigInt)), [...shape]);
    };
    const { data, shape } = tensor('pixel_values');
    const outputs = await session.run({
      pixel_values: new ort.Tensor('float32', data as Float32Array, [...shape]),
      input_ids: integers('input_ids'),
      attention_mask: integers('attention_mask'),
    });
    const difference = (name: string) => maxDifference(outputs[name]!.data as Float32Array, tensor(name).data);
    expect(difference('text_embeds')).toBeLessThan(1e-5);
    expect(difference('logits')).toBeLessThan(TOLERANCE);
    expect(difference('pred_boxes')).toBeLessThan(TOLERANCE);
  });
});
