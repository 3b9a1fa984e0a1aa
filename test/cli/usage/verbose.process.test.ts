import { expect, it } from 'vitest';
import { EMOJI, preannotate } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

it('--verbose prints the threshold in force for each class, and options by their names in config files', async () => {
  const out = await temporaryFolder();
  const ran = await preannotate(['run', 'fixtures/scenes/scene-01.jpg', ...EMOJI, '-o', out, '-v']);
  expect(ran.stdout).toMatch(/^Score thresholds: .*cup 0\.35/m);
  expect(ran.stdout).toMatch(/^Selection: .*nms_iou 0\.5, .*max_detections 300/m);
  expect(ran.stdout).not.toMatch(/scoreThreshold|maxDetections|score_threshold 0\.1/);
  const exported = await preannotate(['export', out, '-v', '--score-threshold', '0.4', '--no-nms']);
  expect(exported.stdout).toMatch(/^Score thresholds: .*cup 0\.4/m);
  expect(exported.stdout).toMatch(/^Selection: .*nms_iou none/m);
});
