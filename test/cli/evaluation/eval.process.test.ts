import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvaluationReport } from '../../../src/evaluation/report.js';
import type { Stats } from '../../../src/evaluation/figures.js';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';
import { accuracyOf } from '../../support/evaluation/accuracy.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

const TRUTH = join(SCENES, 'instances.json');

type Printed = EvaluationReport & {
  readonly unpaired: { images: { truth: string[]; predictions: string[] }; images_matched_by: string };
};

async function evaluate(args: readonly string[]): Promise<Printed> {
  const { stdout, stderr, code } = await preannotate(['eval', ...args, '--json']);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Printed;
}

describe('a run over the shipped scenes', () => {
  let folder: string;
  let out: string;
  afterAll(() => rm(folder, { recursive: true }));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'preannotate-eval-'));
    out = join(folder, 'out');
    const scenes = [SCENES, '--include', 'scene-0*,scene-1*'];
    expect((await preannotate(['run', ...scenes, ...EMOJI, '--out', out])).code).toBe(0);
  });

  it('is measured with all stored detections after suppression, whatever the threshold', async () => {
    const report = await evaluate([out, '--truth', TRUTH]);
    const { map, map50 } = await accuracyOf(out, SCENES);
    expect(report.stats).toMatchObject({ AP: expect.closeTo(map, 10), AP50: expect.closeTo(map50, 10) });
    const strict = await evaluate([out, '--truth', TRUTH, '--score-threshold', '0.6']);
    expect(strict.stats).toEqual(report.stats);
    expect(strict.drafts).toBeLessThan(report.drafts);
    expect(strict.work_left.draw).toBeGreaterThan(report.work_left.draw);
    expect(report.unpaired.images.truth).toHaveLength(29);
    expect(report.unpaired.images.predictions).toEqual([]);
  });

  it('is described for people, with the images and classes that only one side has', async () => {
    const { stdout, stderr, code } = await preannotate(['eval', out, '--truth', TRUTH]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^48 images, 170 objects of 87 classes, \d+ detections\n/);
    expect(stdout).toMatch(/can stay \(IoU from 0\.9\)/);
    expect(stdout).toMatch(/About .* of work, [\d.]+ % less than the .* without drafts\./);
    expect(stderr).toContain('29 of 48 images of the ground truth have no predictions');
  });

  it('takes the seconds of each action, classes and an IoU', async () => {
    const seconds = 'draw=3600,adjust=0,delete=0,check=0';
    const report = await evaluate([out, '--truth', TRUTH, '--classes', 'cup,dog', '--seconds', seconds]);
    expect(report.work_left.hours).toBe(report.work_left.draw);
    expect(report.per_class.map(({ name }) => name).sort()).toEqual(['cup', 'dog']);
    const wrong = await preannotate(['eval', out, '--truth', TRUTH, '--classes', 'cop']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('Did you mean "cup"?')]);
  });

  it('below a figure that is asked for, exits with 3 and names it; else with 0', async () => {
    const missed = await preannotate(['eval', out, '--truth', TRUTH, '--min-map', '0.9', '--min-ap50', '0.1', '-q']);
    expect([missed.code, missed.stderr]).toEqual([3, expect.stringMatching(/AP is 0\.\d+, below --min-map 0\.9\./)]);
    expect((await preannotate(['eval', out, '--truth', TRUTH, '--min-ap50', '0.1', '-q'])).code).toBe(0);
  });

  it('is plotted', async () => {
    const plots = join(await temporaryFolder(), 'a/plots');
    expect((await preannotate(['eval', out, '--truth', TRUTH, '--plots', plots, '-q'])).code).toBe(0);
    for (const name of ['precision-recall', 'f1-by-threshold', 'confusion-matrix']) {
      expect(await readFile(join(plots, `${name}.svg`), 'utf8')).toContain('wine glass');
    }
  });

  it('is compared with labels without images and endings, whose sizes are those of the run', async () => {
    const yolo = join(await temporaryFolder(), 'yolo');
    await preannotate(['export', out, '--format', 'yolo', '--score-threshold', '0.5']);
    await cp(join(out, 'yolo/labels/train'), join(yolo, 'labels/train'), { recursive: true });
    await copyFile(join(out, 'yolo/data.yaml'), join(yolo, 'data.yaml'));
    const report = await evaluate([out, '--truth', yolo, '--truth-format', 'yolo', '--images-root', SCENES]);
    expect(report.stats.AP).toBe(1);
  });

  it('as ground truth finds itself', async () => {
    const report = await evaluate([join(out, 'coco/instances.json'), '--truth', join(out, 'coco/instances.json')]);
    expect([report.stats.AP, report.work_left.adjust + report.work_left.delete + report.work_left.draw]).toEqual([
      1, 0,
    ]);
  });
});

describe('results of other programs', () => {
  it('use the numbers of the ground truth, and give the figures of pycocotools', async () => {
    const folder = join(FIXTURES, 'evaluation/random-03');
    const report = await evaluate([join(folder, 'results.json'), '--truth', join(folder, 'truth.json')]);
    const expected = JSON.parse(await readFile(join(folder, 'expected.json'), 'utf8')) as { stats: Stats };
    expect(Object.keys(report.stats)).toEqual(Object.keys(expected.stats));
    for (const [name, value] of Object.entries(expected.stats)) {
      expect(report.stats[name as keyof Stats], name).toBeCloseTo(value as number, 9);
    }
  });

  it('with nothing found are measured too', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'results.json'), '[]');
    const truth = join(folder, 'truth.json');
    await copyFile(TRUTH, truth);
    const report = await evaluate([join(folder, 'results.json'), '--truth', truth]);
    expect(report.stats).toMatchObject({ AP: 0, AR100: 0, APsmall: -1 });
  });

  it('call classes differently: a hint names the option, which renames them', async () => {
    const folder = await temporaryFolder();
    const coco = JSON.parse(await readFile(TRUTH, 'utf8')) as { categories: { name: string }[] };
    for (const category of coco.categories) category.name = category.name.replace('wine glass', 'Wine_glass');
    await mkdir(join(folder, 'other'));
    const other = join(folder, 'other/found.json');
    await writeFile(other, JSON.stringify(coco));
    const { stderr } = await preannotate(['eval', other, '--truth', TRUTH, '-q']);
    const quiet = await preannotate(['eval', other, '--truth', TRUTH]);
    expect(quiet.stderr).toContain(`give --map 'Wine_glass=wine glass'`);
    expect(stderr).toBe('');
    const report = await evaluate([other, '--truth', TRUTH, '--map', 'Wine_glass=wine glass']);
    expect(report.stats.AP).toBe(1);
  });
});

it.each([
  [['eval', SCENES], 'Give the corrected data set: --truth'],
  [['eval', SCENES, '--truth', 'review'], 'the predictions are not the output folder'],
  [['eval', SCENES, '--truth', 'nowhere.json'], 'nowhere.json'],
  [['eval', SCENES, '--truth', TRUTH, '--seconds', 'draw=fast'], 'must be numbers by name, such as draw=25'],
  [['eval', SCENES, '--truth', TRUTH, '--map', 'cup'], '--map "cup" is not old=new'],
])('%j is refused with what to do', async (args, message) => {
  const { code, stderr } = await preannotate(args);
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
