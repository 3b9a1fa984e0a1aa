import { expect, it } from 'vitest';
import { accuracyOf } from '../../support/evaluation/accuracy.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

const MOST_LOST = 0.01; // of mAP, as README has it

it('int8 finds the objects of the sample images as fp32 does', async () => {
  const [exact, rounded] = await Promise.all([mapAt('fp32'), mapAt('int8')]);
  expect(exact.map50).toBeGreaterThan(0.9);
  expect(exact.map50 - rounded.map50).toBeLessThan(MOST_LOST);
  expect(exact.map - rounded.map).toBeLessThan(MOST_LOST);
});

async function mapAt(precision: string) {
  const out = await temporaryFolder();
  const { code, stderr } = await preannotate([
    'run',
    SCENES,
    ...EMOJI,
    '--precision',
    precision,
    '--device',
    'cpu',
    '--out',
    out,
  ]);
  expect(code, stderr).toBe(0);
  return accuracyOf(out, SCENES);
}
