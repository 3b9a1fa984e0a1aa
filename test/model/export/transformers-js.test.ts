import { basename, dirname } from 'node:path';
import { env, Owlv2ForObjectDetection, OwlViTForObjectDetection, Tensor } from '@huggingface/transformers';
import { describe, expect, it } from 'vitest';
import { goldenCases, maxDifference, tensorsOf, type Tensor as Reference } from '../../support/model/golden.js';
import { exportOf } from '../../support/model/optimum/open.js';

const CLASSES = { 'owlvit-tiny': OwlViTForObjectDetection, 'owlv2-tiny': Owlv2ForObjectDetection };
const KINDS = [
  ['fp32', 'fp32', 1e-4, 1e-4],
  ['fp16', 'fp16', 0.05, 0.005],
  ['q8', 'int8', 0.6, 0.06],
] as const;

/** How far the exports of these tests are like those that transformers.js is given: it loads and runs them. */
describe.each(['owlvit-tiny', 'owlv2-tiny'] as const)('transformers.js runs the export of %s', (model) => {
  it.each(KINDS)('in %s, and gets the reference values', async (dtype, kind, ofLogits, ofBoxes) => {
    const folder = await exportOf(model, { kind });
    env.allowRemoteModels = false;
    env.localModelPath = dirname(folder);
    const loaded = await CLASSES[model].from_pretrained(basename(folder), { dtype, device: 'cpu' });
    const golden = goldenCases('forward').find(({ name }) => name === `${model.split('-')[0]!}-b3-q2`)!;
    const tensor = tensorsOf(golden);
    const { data, shape } = tensor('pixel_values');
    const outputs = (await loaded({
      pixel_values: new Tensor('float32', data, [...shape]),
      input_ids: integers(tensor('input_ids')),
      attention_mask: integers(tensor('attention_mask')),
    })) as Record<string, Tensor>;
    await loaded.dispose();
    expect(maxDifference(outputs['logits']!.data as Float32Array, tensor('logits').data)).toBeLessThan(ofLogits);
    expect(maxDifference(outputs['pred_boxes']!.data as Float32Array, tensor('pred_boxes').data)).toBeLessThan(ofBoxes);
  });
});

function integers({ data, shape }: Reference): Tensor {
  return new Tensor('int64', BigInt64Array.from([...data].map(BigInt)), [...shape]);
}
