import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { emojiAsOwlv2 } from '../../support/model/emoji-owlv2.js';
import { ROOT } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';
import { accuracyOf } from '../../support/evaluation/accuracy.js';

const ONTOLOGY = ['--ontology', join(ROOT, 'ontologies/emoji.yaml')];

describe('the built-in model at another size than its own 192 x 192', () => {
  it.each([
    ['256', '256 x 256 (height x width) to the model: '],
    ['200,250', '208 x 256 (height x width) to the model, the nearest to 200 x 250 in whole patches of 16: '],
    ['256,160', '256 x 160 (height x width) to the model: '],
  ])('--image-size %s prints what is used, and the boxes are where the objects are', async (size, printed) => {
    const out = join(await temporaryFolder(), 'out');
    const { code, stderr } = await preannotate(['run', SCENES, ...EMOJI, '--image-size', size, '--out', out]);
    expect(code).toBe(0);
    expect(stderr).toContain(`Images are ${printed}`);
    expect(stderr).toMatch(/: \d+\.\d times the work of its own 192 x 192\./);
    expect(stderr).toContain('The model was not trained with more than 192 x 192: --tiles finds small objects more');
    // Measured: 0.90 to 0.92, and 0.93 at its own size.
    expect((await accuracyOf(out, SCENES)).map50).toBeGreaterThan(0.85);
  });

  it('flag, variable and config file mean the same', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'preannotate.yaml'), 'image_size: [1080, 1920]');
    const used = /Images are 1088 x 1920 \(height x width\) to the model, the nearest to 1080 x 1920/;
    const dry = ['run', SCENES, ...EMOJI, '--dry-run'];
    expect((await preannotate([...dry, '--image-size', '1080,1920'])).stdout).toMatch(used);
    const env = { PREANNOTATE_IMAGE_SIZE: '1080,1920' };
    expect((await preannotate(dry, { env })).stdout).toMatch(used);
    expect((await preannotate(dry, { cwd: folder })).stdout).toMatch(used);
  });
});

describe('OWLv2, which pads images to a square first', () => {
  it.each([['192'], ['192,256'], ['256,192']])('--image-size %s: its boxes are where the objects are', async (size) => {
    const folder = await temporaryFolder();
    const model = await emojiAsOwlv2(join(folder, 'model'));
    const out = join(folder, 'out');
    const args = ['run', SCENES, '--model', model, ...ONTOLOGY, '--image-size', size, '--out', out];
    const { code, stderr } = await preannotate(args);
    expect(code).toBe(0);
    expect(stderr.includes('a square size shows more')).toBe(size.includes(','));
    expect((await accuracyOf(out, SCENES)).map50).toBeGreaterThan(0.9); // measured: 0.93 to 0.96
  });
});
