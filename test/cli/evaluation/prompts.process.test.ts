import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EMOJI, preannotate, SCENES } from '../../support/cli.js';

const TRUTH = join(SCENES, 'instances.json');

const WORDINGS = `templates: ['a photo of a {}', 'a {}']
classes:
  - { name: bottle, prompts: [bottle, flask, glass container, thing, jug] }
  - { name: wine glass, prompts: [wine glass, goblet, drinking glass, dog, cup of wine] }
  - { name: dog, prompts: [wolf, tree, house, cat, hound] }
`;

interface Ranking {
  readonly images: number;
  readonly classes: readonly {
    name: string;
    objects: number;
    prompts: readonly { prompt: string; ap: number; recall: number; best_f1: { f1: number } | null }[];
  }[];
  readonly confused: readonly { classes: [string, string]; count: number; prompts: { prompt: string }[] }[];
  readonly templates: readonly { template: string; ap: number }[];
}

let folder: string;
let out: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'preannotate-prompts-'));
  out = join(folder, 'out');
  const scenes = [SCENES, '--include', 'scene-0*'];
  expect((await preannotate(['run', ...scenes, ...EMOJI, '--out', out])).code).toBe(0);
  await writeFile(join(folder, 'wordings.yaml'), WORDINGS);
});
afterAll(() => rm(folder, { recursive: true }));

it('five wordings of each class are ranked alone, templates too, and what they confuse is named', async () => {
  const asked = ['--truth', TRUTH, '--ontology', join(folder, 'wordings.yaml')];
  const { code, stdout, stderr } = await preannotate(['prompts', out, ...asked, '--json']);
  expect(code, stderr).toBe(0);
  const ranking = JSON.parse(stdout) as Ranking;
  expect(ranking.images).toBe(9);
  expect(ranking.classes.map(({ name, prompts }) => [name, prompts.length])).toEqual([
    ['bottle', 5],
    ['wine glass', 5],
    ['dog', 5],
  ]);
  for (const { prompts } of ranking.classes) {
    const precisions = prompts.map(({ ap }) => ap);
    expect([...precisions].sort((a, b) => b - a)).toEqual(precisions);
  }
  const [bottle, glass] = ranking.classes;
  expect(bottle!.prompts[0]).toMatchObject({ prompt: 'bottle', recall: 1 });
  expect(
    glass!.prompts
      .slice(0, 2)
      .map(({ prompt }) => prompt)
      .sort(),
  ).toEqual(['goblet', 'wine glass']);
  expect(ranking.templates.map(({ template }) => template).sort()).toEqual(['a photo of a {}', 'a {}']);
  const confused = ranking.confused.find(({ classes }) => classes.join() === 'wine glass,dog');
  expect(confused!.prompts.map(({ prompt }) => prompt)).toContain('dog');
});

it('the prompts of the run itself are ranked without another ontology', async () => {
  const { code, stdout, stderr } = await preannotate(['prompts', out, '--truth', TRUTH, '--classes', 'cup,dog']);
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/^9 images\. Each prompt asked alone, best AP first\.\n/);
  expect(stdout).toMatch(/\n {2}a photo of a dog .*\n/);
});
