import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadSettings, requireOntologySource } from '../../../src/config/load.js';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { RunConfig } from '../../../src/config/schema.js';
import type { PreannotateError } from '../../../src/core/errors.js';
import { findPlace } from '../../../src/core/ontology.js';
import { FIXTURES } from '../../support/model/golden.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Messages name files by their whole path. */
function shorten(text: string): string {
  return text.replaceAll(/[^\s"]*preannotate-test-\w+\//g, '');
}

/** Loads a file of its own name as --ontology would, and returns its classes as text: `bottle(1): a bottle, …`. */
async function load(text: string, name = 'yard.yaml') {
  const file = join(await temporaryFolder(), name);
  await writeFile(file, text);
  const { spec, places, notes } = await loadOntology({ file });
  const classes = spec.classes.map(({ name, id, prompts }) => `${name}(${id}): ${prompts.join(', ')}`);
  return {
    spec,
    classes,
    notes: notes.map(shorten),
    placeOf: (label: string) => shorten(findPlace(places, label)),
  };
}

async function refusalOf(loading: Promise<unknown>): Promise<{ message: string; hint: string }> {
  const error = (await loading.then(
    () => expect.unreachable('was taken'),
    (reason: unknown) => reason,
  )) as PreannotateError;
  expect(error.code).toBe('ONTOLOGY_INVALID');
  return { message: shorten(error.message), hint: error.hint };
}

describe('forms of an ontology', () => {
  it.each([
    ['classes by name', 'classes: [a bottle, cup]', ['a bottle(1): a bottle', 'cup(2): cup']],
    ['one class by name', 'classes: bottle', ['bottle(1): bottle']],
    [
      'names beside mappings, and one prompt as text',
      'classes:\n  - cup\n  - { name: bottle, prompts: a bottle }\n',
      ['cup(1): cup', 'bottle(2): a bottle'],
    ],
    [
      'lists of prompts by class',
      'bottle: [a bottle, glass bottle]\ncup: [a cup]',
      ['bottle(1): a bottle, glass bottle', 'cup(2): a cup'],
    ],
    ['a list of prompts of a class "names"', 'names: [john]\nplaces: [paris]', ['names(1): john', 'places(2): paris']],
    ['prompt: class', 'a bottle: bottle\nglass bottle: bottle', ['bottle(1): a bottle, glass bottle']],
    [
      'a data.yaml with a list',
      'path: ../data\ntrain: images/train\nval: images/val\ntest:\nnc: 2\nnames: [person, traffic light]\n',
      ['person(1): person', 'traffic light(2): traffic light'],
    ],
    [
      'a data.yaml with numbers, in any order',
      'train: [a, b]\nnames:\n  1: bus\n  0: person\nroboflow: { workspace: x }\nkpt_shape: [17, 3]\n',
      ['person(1): person', 'bus(2): bus'],
    ],
    ['a mapping of names alone', 'names: { "0": person }', ['person(1): person']],
    ['names alone', 'names: [person, bus]', ['person(1): person', 'bus(2): bus']],
  ])('%s', async (_, text, classes) => {
    expect((await load(text)).classes).toEqual(classes);
  });

  it.each(['classes.txt', 'obj.names', 'yard.yaml'])('class names alone, one a line: %s', async (name) => {
    const text = '\ufeff# made by a tool\r\nperson\r\n\r\ntraffic light \r\n007\r\ntrue\r\nEtagère, klein';
    const { classes, placeOf } = await load(text, name);
    expect(classes).toEqual([
      'person(1): person',
      'traffic light(2): traffic light',
      '007(3): 007',
      'true(4): true',
      'Etagère, klein(5): Etagère, klein',
    ]);
    expect(placeOf('traffic light')).toBe(`${name}:4:1`);
    expect((await refusalOf(load('person\ncup\nPerson\n', name))).message).toBe(
      `${name}:3:1: the class "Person" exists already: "person" at ${name}:1:1.\n` +
        `${name}:3:1: the prompt "Person" of class "Person" is already one of class "person", at ${name}:1:1.`,
    );
  });

  it('`owl` among the templates stands for the seven of the original evaluation', async () => {
    const owl = [
      'itap of a {}.',
      'a bad photo of the {}.',
      'a origami {}.',
      'a photo of the large {}.',
      'a {} in a video game.',
      'art of the {}.',
      'a photo of the small {}.',
    ];
    const templatesOf = async (written: string) => (await load(`classes: cup\ntemplates: ${written}`)).spec.templates;
    expect(await templatesOf('owl')).toEqual(owl);
    expect(await templatesOf('[owl]')).toEqual(owl);
    expect(await templatesOf('["{}", owl, "a photo of a {}"]')).toEqual(['{}', ...owl, 'a photo of a {}']);
    expect(await templatesOf('an owl in a {}')).toEqual(['an owl in a {}']);
  });

  it('one text stands for a list of one, except where commas could mean several', async () => {
    const { spec } = await load('templates: a photo of a {}\nclasses: bottle\nignore: a cup\n');
    expect(spec).toMatchObject({ templates: ['a photo of a {}'], ignore: ['a cup'] });
    expect(await refusalOf(load('classes:\n  - { name: bottle, prompts: "a bottle, a flask" }'))).toEqual({
      message: 'yard.yaml:2:30: classes[0].prompts must be a list, not "a bottle, a flask".',
      hint: 'Write a list: [a bottle, a flask]; or ["a bottle, a flask"] if it is one text.',
    });
  });

  it.each([
    [
      'both orders',
      'a bottle: bottle\ncup: [a cup, a mug]\n',
      'yard.yaml:2:1: "cup" has a list of prompts, so it is a class; but "a bottle: bottle" at yard.yaml:1:1 has the ' +
        'prompt first.',
      /Use one order in a file/,
    ],
    ['an empty list', 'cup: []', 'yard.yaml:1:6: class "cup" has no prompts.', /Add/],
    ['a list that holds nothing', 'cup: [a cup, ]\nbox: [~]', 'yard.yaml:2:7: box[0] must be text, not nothing.', /./],
    ['a number among lists', 'cup: [a cup]\nbox: 7', 'yard.yaml:2:6: box must be a list, not 7.', /./],
    [
      'prompts of no class',
      'prompts: [a]',
      /^yard\.yaml:1:1: an ontology in short form cannot have prompts/,
      /classes/,
    ],
    [
      'a gap in names',
      'names: {0: a, 2: b}',
      'yard.yaml:1:1: names has no class 1; numbers go from 0 without gaps.',
      /./,
    ],
    ['another nc', 'nc: 3\nnames: [a]', 'yard.yaml:1:5: nc is 3, but names has 1.', /./],
    [
      'a name twice',
      'names: {0: a, 1: b, 0: c}',
      /^yard\.yaml:1:21: the key "0" comes twice; first at yard\.yaml:1:9/,
      /./,
    ],
    ['a name that is a number', 'names: [1.10]', 'yard.yaml:1:9: names[0] must be text, not 1.1.', /"1\.10"/],
    ['no names', 'nc: 0\nnames: []', 'yard.yaml:1:1: the ontology has no classes.', /./],
  ])('%s: refused', async (_, text, message, hint) => {
    const refusal = await refusalOf(load(text));
    expect(refusal.message).toMatch(message);
    expect(refusal.hint).toMatch(hint);
  });

  it('numbers as names or prompts are refused, and quoted as they were spelled', async () => {
    const text = await readFile(join(FIXTURES, 'ontologies/numbers.yaml'), 'utf8');
    const { message, hint } = await refusalOf(load(text));
    expect(message.split('\n')).toHaveLength(4);
    expect(message).toMatch(/^yard\.yaml:3:11: classes\[0\]\.name must be text, not 7\.$/m);
    for (const quoted of ['"007"', '"1.10"', '"0x1F"', '"1e3"'])
      expect(hint).toContain(`Put quotes around it: ${quoted}.`);
    expect((await refusalOf(load('a cup: 007'))).hint).toBe('Put quotes around it: "007".');
    expect((await refusalOf(load('cup: [1_0, 010]'))).hint).toBe('Put quotes around it: "010".');
  });
});

describe('the order of a short form', () => {
  it.each([
    ['bottle: a bottle', '"bottle: a bottle" makes a class "a bottle", found by the prompt "bottle"'],
    ['bottle: a bottle\ncup: a cup', '"bottle: a bottle" makes'],
    ['cup: a photo of a mug', 'makes a class "a photo of a mug"'],
    ['bottle: glass bottle', 'makes a class "glass bottle"'],
  ])('%j is noted, and not swapped', async (text, note) => {
    const { notes, spec } = await load(text);
    expect(notes).toHaveLength(2);
    expect(notes[1]).toMatch(/^yard\.yaml:1:1: /);
    expect(notes[1]).toContain(note);
    expect(spec.classes[0]!.prompts).toEqual([text.slice(0, text.indexOf(':'))]);
  });

  it.each([
    ['a bottle: bottle\nmug: cup'],
    ['a bottle: bottle\ndog: guide dog'],
    ['the thing: a thing'],
    ['bottle: bottle'],
    ['a photo of a cup: cup'],
    ['glasses: spectacles'],
    ['bottle: [a bottle]'],
  ])('%j is not', async (text) => {
    expect((await load(text)).notes).toHaveLength(1);
  });

  it('the first note has the classes found; a list below a misspelt key and unused keys are noted', async () => {
    expect((await load('a cup: cup\na mug: cup')).notes).toEqual(['1 class: cup.']);
    expect((await load('clases: [bottle, cup]')).notes).toEqual([
      '1 class: clases.',
      'yard.yaml:1:1: "clases" is a class, and the list its prompts. Did you mean the key "classes"?',
    ]);
    expect((await load('names: [cup]\nnc: 1\nthreshold: 0.3')).notes[1]).toMatch(
      /^yard\.yaml:3:1: "threshold" is ignored/,
    );
    const many = Array.from({ length: 12 }, (_, i) => `c${i}`);
    expect((await load(many.join('\n'))).notes).toEqual([`12 classes: ${many.slice(0, 10).join(', ')} and 2 more.`]);
  });
});

describe('--ontology', () => {
  async function locate(cwd: string, given: { ontology?: string; config?: string }) {
    if (given.config !== undefined) await writeFile(join(cwd, 'preannotate.yaml'), given.config);
    const flags = given.ontology === undefined ? {} : { ontology: given.ontology };
    const loaded = await loadSettings({ schema: RunConfig, flags, environment: {}, cwd });
    return loadOntology(requireOntologySource(loaded));
  }

  it.each(['emoji', 'coco', 'bottles'])('takes %s, which comes with the package, by name', async (ontology) => {
    const { spec } = await locate(await temporaryFolder(), { ontology });
    expect(spec.classes.map(({ name }) => name)).toContain('bottle');
  });

  it('prefers a file of that name; a folder of that name is none', async () => {
    const cwd = await temporaryFolder();
    await mkdir(join(cwd, 'emoji'));
    expect((await locate(cwd, { config: 'ontology: emoji\n' })).spec.classes).toHaveLength(87);
    await writeFile(join(cwd, 'coco'), 'my cup: cup');
    expect((await locate(cwd, { ontology: 'coco' })).spec.classes).toHaveLength(1);
  });

  it('lists the names where there is no such file', async () => {
    const { message, hint } = await refusalOf(locate(await temporaryFolder(), { ontology: 'emojis' }));
    expect(message).toMatch(/emojis: there is no such file\.$/);
    expect(hint).toBe('Check the path. Ontologies that come with the package: bottles, coco, emoji.');
  });
});
