import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Statistics } from '../../../src/statistics/statistics.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { temporaryFolder } from '../../support/temporary.js';

it('run and eval write a summary, and add theirs to that of a step of GitHub Actions', async () => {
  const folder = await temporaryFolder();
  const [out, file, step] = [join(folder, 'out'), join(folder, 'logs/run.md'), join(folder, 'step.md')];
  await writeFile(step, '# Job\n');
  const env = { GITHUB_STEP_SUMMARY: step };
  const scenes = [SCENES, '--include', 'scene-0*', ...EMOJI, '--out', out];
  const run = await preannotate(['run', ...scenes, '--summary', file, '--quiet'], { env });
  expect([run.code, run.stderr]).toEqual([0, '']);
  const summary = await readFile(file, 'utf8');
  const stats = JSON.parse((await preannotate(['stats', out, '--json'])).stdout) as Statistics;
  expect(summary).toContain(`9 images, ${stats.images_with_boxes} with boxes`);
  for (const { threshold, boxes, images_with_boxes: images } of stats.thresholds)
    expect(summary).toContain(`| ${threshold.toFixed(2)} | ${boxes} | ${images} |`);
  expect(await readFile(step, 'utf8')).toBe(`# Job\n${summary}\n`);

  const truth = join(SCENES, 'instances.json');
  const missed = await preannotate(['eval', out, '--truth', truth, '--json', '--min-map', '0.99'], { env });
  expect(missed.code).toBe(3);
  const { stats: figures, work_left: work } = JSON.parse(missed.stdout) as {
    stats: { AP: number; AP50: number };
    work_left: { stay: number };
  };
  const all = await readFile(step, 'utf8');
  expect(all.startsWith(`# Job\n${summary}\n## `)).toBe(true);
  expect(all).toContain(`| AP | ${figures.AP.toFixed(3)} | ${figures.AP50.toFixed(3)} |`);
  expect(all).toContain(`| can stay \\(IoU from 0.9\\) | ${work.stay} |`);

  const refused = await preannotate(['run', ...scenes, '--summary', join(step, 'a.md')]);
  expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('step.md')]);
  const plan = await preannotate(['run', ...scenes, '--dry-run', '--summary', join(folder, 'none.md')], { env });
  expect([plan.code, await readFile(step, 'utf8')]).toEqual([0, all]);
});
