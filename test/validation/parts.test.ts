import { mkdir, rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { correctSet, describeFinding, validated } from './correct-set.js';
import { makeDividedRun } from './divided-run.js';

const SPLIT = { shares: { train: 0.5, val: 0.5 }, by: 'folder', seed: 0 };

it('images that look alike are reported while the run is divided, with the command that moves them', async () => {
  const set = await correctSet('voc');
  await makeDividedRun(set, SPLIT);
  const { findings } = await validated('voc', set);
  const [found] = findings;
  expect(findings.map(({ rule }) => rule)).toEqual(['alike-in-two-parts']);
  expect(found!.fix).toMatch(/^`preannotate export .*voc --split-by near --reassign`/);
});

it('after --split none, the parts that splits.json had are not reported', async () => {
  const set = await correctSet('voc');
  await makeDividedRun(set);
  expect((await validated('voc', set)).findings).toEqual([]);
});

it.each([
  ['splits.json', '{"split":', 'splits.json'],
  ['splits.json', '{"split": {"shares": {}, "by": "near", "seed": 0}}', 'splits.json'],
  ['duplicates.jsonl', 'x'.repeat(66 << 20), 'duplicates.jsonl'],
  ['duplicates.jsonl', undefined, 'duplicates.jsonl'],
])('%s that cannot be read is a finding', async (name, content, place) => {
  const set = await correctSet('voc');
  await makeDividedRun(set, SPLIT);
  await rm(set.path(name));
  await (content === undefined ? mkdir(set.path(name)) : writeFile(set.path(name), content));
  const { findings, checked } = await validated('voc', set);
  expect(findings.map((finding) => describeFinding(finding, set.folder))).toEqual([`file-unreadable ${place}`]);
  expect(findings[0]!.problem).toMatch(/^cannot be read: /);
  expect(checked.images).toBe(3);
});
