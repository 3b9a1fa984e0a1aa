import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { JournalHeader } from '../../../src/run/header.js';
import { journalled, preannotate, SCENES } from '../../support/cli.js';
import { exportOf } from '../../support/model/optimum/open.js';
import { editHeader } from '../../support/old-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

const IMAGE = join(SCENES, 'scene-02.jpg');
const TEMPLATES = ['{}', 'a photo of a {}', 'a green {}'];

/** Runs the built-in model, or an export of it, with an ontology in a new folder or the one given. */
async function runWith(ontology: object, { model = 'builtin:emoji', at = '' } = {}) {
  const folder = at === '' ? await temporaryFolder() : at;
  const [file, out] = [join(folder, 'ontology.json'), join(folder, 'out')];
  await writeFile(file, JSON.stringify(ontology));
  const args = ['run', IMAGE, '--model', model, '--ontology', file, '--out', out];
  return { folder, out, ...(await preannotate(args)) };
}

/** Makes a folder one of an earlier version, which did not record how templates are averaged. */
function makeOlder(out: string): Promise<void> {
  return editHeader(out, ({ options: { template_mean: _, ...options }, ...header }) => ({ ...header, options }));
}

const logit = (score: number) => Math.log(score / (1 - score));

it('the score of a box with several templates is that of the mean of its logits with each of them', async () => {
  const classes = [{ name: 'bottle', prompts: ['bottle'] }];
  const scoresWith = async (templates: readonly string[]) => {
    const { code, stderr, out } = await runWith({ templates, classes });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const found = (await journalled(out))[0]!.detections as { patch: number; score: number }[];
    return new Map(found.map(({ patch, score }) => [patch, score]));
  };
  const single = await Promise.all(TEMPLATES.map((template) => scoresWith([template])));
  const together = await scoresWith(TEMPLATES);
  const shared = [...together].filter(([patch]) => single.every((scores) => scores.has(patch)));
  expect(shared.length).toBeGreaterThan(0);
  for (const [patch, score] of shared) {
    const mean = single.reduce((sum, scores) => sum + logit(scores.get(patch)!), 0) / TEMPLATES.length;
    expect(score).toBeCloseTo(1 / (1 + Math.exp(-mean)), 4); // scores have five digits
  }
});

it('a folder of an earlier version is resumed with one template, and refused with several', async () => {
  const classes = ['bottle'];
  for (const templates of [TEMPLATES.slice(1, 2), TEMPLATES]) {
    const { folder, out } = await runWith({ templates, classes });
    await makeOlder(out);
    const { code, stderr } = await runWith({ templates, classes }, { at: folder });
    if (templates.length === 1) expect({ code, stderr }).toMatchObject({ code: 0 });
    else {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /embeddings, normalised again; now it is that of logits\..*version of preannotate that began it/s,
      );
    }
  }
});

it('a template that gives the same text as another one may be removed, and records no mean', async () => {
  const classes = ['bottle'];
  const { folder, out } = await runWith({ templates: ['a {}', 'A {}.'], classes });
  const header = JSON.parse((await readFile(join(out, 'detections.jsonl'), 'utf8')).split('\n')[0]!) as JournalHeader;
  expect(header.options).not.toHaveProperty('template_mean');
  const { code, stderr } = await runWith({ templates: ['a {}'], classes }, { at: folder });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const { out: averaging } = await runWith({ templates: ['a {}', 'the {}'], classes });
  expect(await readFile(join(averaging, 'run.json'), 'utf8')).toContain('"template_mean": "logits"');
});

it('an export with several templates notes that it averages otherwise, and its old folders are resumed', async () => {
  const model = await exportOf('owlvit-emoji', {});
  const classes = ['bottle'];
  const NOTE = 'This ONNX export normalises the average over templates again';
  const { folder, out, code, stderr } = await runWith({ templates: TEMPLATES, classes }, { model });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(NOTE) as string });
  await makeOlder(out);
  expect(await runWith({ templates: TEMPLATES, classes }, { model, at: folder })).toMatchObject({ code: 0 });
  const single = await runWith({ templates: TEMPLATES.slice(1, 2), classes }, { model });
  expect({ code: single.code, noted: single.stderr.includes(NOTE) }).toEqual({ code: 0, noted: false });
});

it('a list by name is stored as its templates, so that a later version cannot change what it stands for', async () => {
  const { out, code } = await runWith({ templates: 'owl', classes: ['bottle', 'dog'] });
  expect(code).toBe(0);
  const [header] = (await readFile(join(out, 'detections.jsonl'), 'utf8')).split('\n');
  for (const text of [header!, await readFile(join(out, 'run.json'), 'utf8')]) {
    const { ontology } = JSON.parse(text) as JournalHeader;
    expect(ontology.templates).toHaveLength(7);
    expect(ontology.templates).toContain('a photo of the large {}.');
  }
});
