import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePack } from '../../../src/core/gallery/pack.js';
import { preannotate, SCENES } from '../../support/cli.js';
import { TestReview } from '../../support/review/review-server.js';

const FLAGS = ['--score-threshold', '0.5'];

let cwd: string;
let expected: number; // boxes that an export with the threshold writes

const json = async (...args: string[]) => {
  const { code, stdout, stderr } = await preannotate([...args, '--json'], { cwd });
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'preannotate-test-'));
  await writeFile(join(cwd, 'look-for.yaml'), 'a photo of a cup: cup\na photo of a bottle: bottle\n');
  const model = ['--model', 'builtin:emoji', '--ontology', 'look-for.yaml'];
  await json('run', SCENES, ...model, '-o', 'drafts');
  expected = Number((await json('export', 'drafts', ...FLAGS))['detections']);
  expect(expected).toBeGreaterThan(0);
  expect(expected).toBeLessThan(Number((await json('export', 'drafts'))['detections']));
});

afterAll(() => rm(cwd, { recursive: true, force: true }));

it('export names the threshold, and how one that was given for a call is kept', async () => {
  const { stdout, stderr } = await preannotate(['export', 'drafts', ...FLAGS], { cwd });
  expect(stdout).toMatch(new RegExp(`^${expected} box(es)? in \\d+ images with score threshold 0\\.5: `));
  expect(stderr).toContain('`score_threshold: 0.5` in preannotate.yaml counts for all commands.');
  const again = await preannotate(['export', 'drafts'], { cwd });
  expect(again.stdout).toContain(' with score threshold 0.1: ');
  expect(again.stderr).not.toContain('preannotate.yaml');
});

describe.each([
  ['as a flag', FLAGS, undefined],
  ['in preannotate.yaml', [], 'score_threshold: 0.5\n'],
])('a threshold given %s counts wherever boxes of a run are shown', (_, flags, config = '') => {
  beforeAll(() => writeFile(join(cwd, 'preannotate.yaml'), config));

  it('by stats and report', async () => {
    const { boxes, classes } = await json('stats', 'drafts', ...flags);
    expect(boxes).toBe(expected);
    expect(classes).toContainEqual(expect.objectContaining({ name: 'cup', threshold: 0.5 }));
    const report = ['report', 'drafts', ...flags, '--output', 'report.html'];
    const { stored, ...written } = await json(...report);
    expect(written['boxes']).toBe(expected);
    const { stdout } = await preannotate(report, { cwd });
    expect(stdout).toContain(` images, ${expected} boxes (${String(stored)} stored), `);
    const [, base64] = /id="pack">([^<]*)</.exec(await readFile(join(cwd, 'report.html'), 'utf8'))!;
    const { facts } = decodePack(gunzipSync(Buffer.from(base64!, 'base64')));
    expect(facts.classes).toContainEqual({ name: 'cup', threshold: 0.5 });
  });

  it('by review, where it is what one accepts', async () => {
    await using review = await TestReview.opened('drafts', flags, { cwd });
    const { facts } = await review.pack();
    expect(facts.classes).toContainEqual({ name: 'cup', threshold: 0.5 });
  });
});

it('stats of a data set refuses options that choose among the boxes of a run', async () => {
  const { code, stderr } = await preannotate(['stats', 'drafts/coco/instances.json', ...FLAGS], { cwd });
  expect(code).toBe(2);
  expect(stderr).toContain('--score-threshold chooses among the boxes of a run');
});

it('a threshold below what the run has stored is refused, with what to do', async () => {
  for (const command of ['stats', 'report', 'review']) {
    const { code, stderr } = await preannotate([command, 'drafts', '--score-threshold', '0.01'], { cwd });
    expect(code, command).toBe(2);
    expect(stderr).toContain('--score-threshold');
    expect(stderr).toContain('--score-floor 0.01');
  }
});
