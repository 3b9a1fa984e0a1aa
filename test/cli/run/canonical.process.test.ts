import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunManifest } from '../../../src/run/manifest.js';
import { journalled, preannotate, SCENES } from '../../support/cli.js';
import { ROOT } from '../../support/model/golden.js';
import { editHeader } from '../../support/old-runs.js';
import { temporaryFolder } from '../../support/temporary.js';

const IMAGES = ['scene-01.jpg', 'scene-02.jpg'].map((name) => join(SCENES, name));

interface Found {
  readonly prompt: string;
  readonly score: number;
  readonly box: readonly number[];
}

/** Runs the built-in model with an ontology, in a new folder or the one given. */
async function runWith(ontology: object, { at = '', args = [] as readonly string[], images = IMAGES } = {}) {
  const folder = at === '' ? await temporaryFolder() : at;
  const [file, out] = [join(folder, 'ontology.json'), join(folder, 'out')];
  await writeFile(file, JSON.stringify(ontology));
  const model = ['--model', 'builtin:emoji', '--ontology', file, '--out', out];
  const finished = await preannotate(['run', ...images, ...model, ...args]);
  const found = (await journalled(out)).flatMap(({ detections }) => detections as unknown as Found[]);
  return { folder, out, found, ...finished };
}

const namedIn = (prompts: readonly string[], more: object = {}) => ({ classes: [{ name: 'x', prompts }], ...more });
const withoutPrompts = (found: readonly Found[]) => found.map(({ score, box }) => ({ score, box }));

describe('a run', () => {
  it('asks in canonical form, and its results have the spelling of the ontology', async () => {
    const plain = await runWith(namedIn(['a wine glass', 'red car']));
    const spelled = await runWith(namedIn(['"A Wine_Glass"', 'Red (Car).']));
    expect({ code: spelled.code, stderr: spelled.stderr }).toMatchObject({ code: 0 });
    expect(plain.found.length).toBeGreaterThan(0);
    expect(withoutPrompts(spelled.found)).toEqual(withoutPrompts(plain.found));
    expect(new Set(spelled.found.map(({ prompt }) => prompt))).toContain('"A Wine_Glass"');
    const written = await runWith(namedIn(['"A Wine_Glass"', 'Red (Car).'], { canonical: false }));
    expect(withoutPrompts(written.found)).not.toEqual(withoutPrompts(plain.found));
  });

  it('counts the tokens of what it asks', async () => {
    const long = `a photo of a dog${'.'.repeat(60)}`;
    expect(await runWith(namedIn([long]))).toMatchObject({ code: 0 });
    const { code, stderr } = await runWith(namedIn([`A_Photo_of_${'Dogs_and_'.repeat(20)}Cats`]));
    expect(code).toBe(2);
    expect(stderr).toMatch(/"a photo of dogs and dogs and .*" is \d+ tokens long/);
  });

  it('prints with --dry-run what it would ask, and with --verbose what it has asked', async () => {
    const ontology = { templates: ['A photo of a {}.', '{}'], ...namedIn(['Traffic_Light']), ignore: ['T.V.'] };
    const asked =
      'Asked for "Traffic_Light": "a photo of a traffic light", "traffic light"\n' +
      'Asked for "T.V.": "a photo of a t v", "t v"\n';
    expect((await runWith(ontology, { args: ['--dry-run'] })).stdout).toContain(asked);
    expect((await runWith(ontology, { args: ['--verbose'] })).stdout).toContain(asked);
    const { stdout } = await runWith(ontology, { args: ['--dry-run', '--json'] });
    expect(JSON.parse(stdout)).toMatchObject({
      asked: [
        { class: 'x', prompt: 'Traffic_Light', texts: ['a photo of a traffic light', 'traffic light'] },
        { class: null, prompt: 'T.V.', texts: ['a photo of a t v', 't v'] },
      ],
    });
    const written = await runWith({ ...ontology, canonical: false }, { args: ['--dry-run'] });
    expect(written.stdout).toContain('Asked for "Traffic_Light": "A photo of a Traffic_Light.", "Traffic_Light"\n');
  });

  it('shortens the list of many prompts in --dry-run, but not with --json', async () => {
    const ontology = namedIn(Array.from({ length: 25 }, (_, i) => `thing ${i}`));
    const { stdout } = await runWith(ontology, { args: ['--dry-run'] });
    expect(stdout.match(/^Asked for "/gm)).toHaveLength(10);
    expect(stdout).toContain('Asked for 15 more prompts: see --dry-run --json.');
    const all = JSON.parse((await runWith(ontology, { args: ['--dry-run', '--json'] })).stdout) as { asked: [] };
    expect(all.asked).toHaveLength(25);
  });
});

describe('a folder that version 0.1 began', () => {
  /** A folder with one of two images, whose files do not tell whether prompts are canonical. */
  async function beginOld(prompts: readonly string[]) {
    const begun = await runWith(namedIn(prompts, { canonical: false }), { images: IMAGES.slice(0, 1) });
    expect(begun).toMatchObject({ code: 0 });
    await editHeader(begun.out, ({ ontology: { canonical: _, ...ontology }, ...header }) => ({ ...header, ontology }));
    return begun;
  }

  it('is resumed where what it asks is canonical already, also in another spelling, and can be exported', async () => {
    const { folder, out } = await beginOld(['A Wine Glass', 'red car']);
    const spelled = namedIn(['a wine_glass', 'Red Car.']);
    const { code, stderr } = await runWith(spelled, { at: folder, args: ['--accept-missing'] });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await journalled(out)).toHaveLength(2);
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    await expectPrompts(out, spelled.classes[0]!.prompts);
    expect(await promptsIn(out)).toContain('a wine_glass');
  });

  it('is refused where it asks something else, with the difference, and finished with `canonical: false`', async () => {
    const { folder } = await beginOld(['a_wine_glass']);
    const refused = await runWith(namedIn(['a_wine_glass']), { at: folder });
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('for "a_wine_glass" was "a_wine_glass"; now it is "a wine glass".');
    expect(refused.stderr).toContain('Set `canonical: false` in the ontology');
    const finished = await runWith(namedIn(['a_wine_glass'], { canonical: false }), { at: folder });
    expect({ code: finished.code, stderr: finished.stderr }).toMatchObject({ code: 0 });
  });
});

it('a folder that version 0.1 began with --ontology coco is finished with the ontology in its run.json', async () => {
  const folder = await temporaryFolder();
  const [begun, earlier, out] = ['begun.yaml', 'earlier.json', 'out'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const shipped = await readFile(join(ROOT, 'ontologies/coco.yaml'), 'utf8');
  const before = shipped
    .replace('a photo of a {}', 'a photo of {}')
    .replaceAll(/prompts: \[(.*?)\]/g, 'prompts: [a $1]');
  await writeFile(begun, `${before}\ncanonical: false\n`);
  const run = (ontology: string, images: readonly string[]) =>
    preannotate([
      'run',
      ...images,
      '--model',
      'builtin:emoji',
      '--ontology',
      ontology,
      '--out',
      out,
      '--accept-missing',
    ]);
  expect(await run(begun, IMAGES.slice(0, 1))).toMatchObject({ code: 0 });
  const { canonical: _, ...ontology } = await storedOntology(out);
  await editHeader(out, (header) => ({ ...header, ontology }));
  const refused = await run('coco', IMAGES);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('prompts of class "person" was ["a person"]; now it is ["person"]');
  expect(refused.stderr).toContain('Give the earlier ontology (run.json has it, under `ontology`) to finish it');
  await writeFile(earlier, JSON.stringify({ ...(await storedOntology(out)), canonical: undefined }));
  const finished = await run(earlier, IMAGES);
  expect({ code: finished.code, stderr: finished.stderr }).toMatchObject({ code: 0 });
  expect(await journalled(out)).toHaveLength(2);
});

async function storedOntology(out: string): Promise<RunManifest['ontology']> {
  return (JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as RunManifest).ontology;
}

it('a prompt may be removed from a folder that asks the same as another one, as a note tells', async () => {
  const { folder, out, stderr: noted } = await runWith(namedIn(['A_Wine_Glass', 'wine bottle', 'a wine glass']));
  expect(noted).toContain('are one query: both are asked as "a wine glass"');
  for (const prompts of [
    ['A_Wine_Glass', 'wine bottle'],
    ['a wine glass', 'wine bottle'],
  ]) {
    const { code, stderr } = await runWith(namedIn(prompts), { at: folder });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    await expectPrompts(out, prompts);
  }
});

describe('a folder that is resumed with `canonical` turned on or off, and prompts that ask the same', () => {
  const CANONICAL = namedIn(['a_wine_glass', 'Red (Car).']);
  const WRITTEN = namedIn(['a wine glass', 'red car'], { canonical: false });

  it.each([
    ['off', CANONICAL, WRITTEN],
    ['on', WRITTEN, CANONICAL],
  ])('is finished when it is turned %s, and exported with run.json and without', async (_how, before, now) => {
    const images = ['scene-01.jpg', 'scene-03.jpg'].map((name) => join(SCENES, name)); // both have a glass
    const { folder, out } = await runWith(before, { images: images.slice(0, 1) });
    const { code, stderr, found } = await runWith(now, { at: folder, images, args: ['--accept-missing'] });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await journalled(out)).toHaveLength(2);
    const stored = new Set(found.map(({ prompt }) => prompt));
    for (const { classes } of [before, now]) expect(classes[0]!.prompts.some((one) => stored.has(one))).toBe(true);
    await expectPrompts(out, now.classes[0]!.prompts);
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    await expectPrompts(out, now.classes[0]!.prompts);
    await rm(join(out, 'run.json'));
    expect(await preannotate(['export', out])).toMatchObject({ code: 0 });
    await expectPrompts(out, before.classes[0]!.prompts);
  });
});

/** Boxes have these prompts, and no others. */
async function expectPrompts(out: string, prompts: readonly string[]): Promise<void> {
  const shown = await promptsIn(out);
  expect(shown.size).toBeGreaterThan(0);
  expect([...shown].filter((prompt) => !prompts.includes(prompt))).toEqual([]);
}

async function promptsIn(out: string): Promise<Set<string>> {
  const coco = JSON.parse(await readFile(join(out, 'coco/instances.json'), 'utf8')) as {
    annotations: { attributes: { prompt: string } }[];
  };
  return new Set(coco.annotations.map(({ attributes }) => attributes.prompt));
}
