import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../src/model/read-checkpoint.js';
import { FIXTURES, goldenCases, maxDifference, tensorsOf } from '../../support/model/golden.js';
import { runGolden } from '../../support/model/golden-model.js';
import { temporaryFolder } from '../../support/temporary.js';
import { copyAsTorch, copyNarrowed } from '../../support/model/torch-checkpoint.js';

const TOLERANCE = 1e-4; // logits and boxes, float32 on a CPU

describe('the reference checkpoints as pytorch_model.bin', () => {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'preannotate-torch-'));
    for (const model of ['owlvit-tiny', 'owlv2-tiny']) {
      const shipped = join(FIXTURES, 'models', model);
      await copyAsTorch(shipped, join(root, 'whole', model));
      await copyAsTorch(shipped, join(root, 'sharded', model), { shards: 3 });
      for (const as of ['Half', 'BFloat16'] as const) {
        await copyAsTorch(shipped, join(root, as, model), { as });
        await copyNarrowed(shipped, join(root, `${as}-safetensors`, model), as);
      }
    }
  });
  afterAll(() => rm(root, { recursive: true }));

  describe.each(goldenCases('forward'))('reference case $name', (golden) => {
    const tensor = tensorsOf(golden);

    it.each(['whole', 'sharded'])('%s, has the reference outputs', async (form) => {
      const { embeddings, outputs, columns } = await runGolden(golden, { folder: join(root, form, golden.model) });
      expect(maxDifference(embeddings, tensor('text_embeds').data)).toBeLessThan(1e-5);
      expect(maxDifference(columns(outputs.logits), tensor('logits').data)).toBeLessThan(TOLERANCE);
      expect(maxDifference(outputs.boxes, tensor('pred_boxes').data)).toBeLessThan(TOLERANCE);
    });

    // Weights of eleven bits, and of eight.
    it.each([
      ['float16', 'Half', 0.02],
      ['bfloat16', 'BFloat16', 0.16],
    ])('in %s has the outputs of such safetensors, which are near the reference', async (_type, as, tolerance) => {
      const torch = await runGolden(golden, { folder: join(root, as, golden.model) });
      const safetensors = await runGolden(golden, { folder: join(root, `${as}-safetensors`, golden.model) });
      expect(torch.embeddings).toEqual(safetensors.embeddings);
      expect(torch.outputs).toEqual(safetensors.outputs);
      const differences = [
        maxDifference(torch.columns(torch.outputs.logits), tensor('logits').data),
        maxDifference(torch.outputs.boxes, tensor('pred_boxes').data),
      ];
      expect(Math.max(...differences)).toBeLessThan(tolerance);
      expect(Math.max(...differences)).toBeGreaterThan(TOLERANCE); // else the weights were not rounded
    });
  });

  it('int8 weights are those that safetensors give', async () => {
    const golden = goldenCases('forward')[0]!;
    const [torch, safetensors] = await Promise.all([
      runGolden(golden, { precision: 'int8', folder: join(root, 'whole', golden.model) }),
      runGolden(golden, { precision: 'int8' }),
    ]);
    expect(torch.outputs).toEqual(safetensors.outputs);
  });

  it('model.safetensors is taken where both are there', async () => {
    const folder = join(await temporaryFolder(), 'both');
    await cp(join(FIXTURES, 'models/owlvit-tiny'), folder, { recursive: true });
    await writeFile(join(folder, 'pytorch_model.bin'), 'not even a zip archive');
    const { weightFiles } = await readCheckpoint(folder);
    expect(weightFiles.map((file) => file.slice(folder.length + 1))).toEqual(['model.safetensors']);
  });
});
