import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { parseYaml } from '../../../src/config/yaml.js';
import { PreannotateError } from '../../../src/core/errors.js';
import { buildOntology } from '../../../src/core/ontology.js';

async function load(text: string) {
  const { value, where } = parseYaml(text, { name: 'yard.yaml', code: 'ONTOLOGY_INVALID' });
  const { spec, notes } = await loadOntology({ mapping: value, file: 'yard.yaml', where });
  return { spec, notes: notes.slice(1), asked: buildOntology(spec).queries.map(({ texts }) => texts.join(' | ')) };
}

async function refusalOf(text: string) {
  const error = await load(text).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PreannotateError);
  return (error as PreannotateError).toFailure();
}

describe('what the model is asked', () => {
  it.each([
    ['prompt: class', 'Traffic_Light: light'],
    ['class: prompts', 'light: [Traffic_Light]'],
    ['names', 'classes: [Traffic_Light]'],
    ['a data.yaml', 'names: [Traffic_Light]'],
    ['the full form', 'classes: [{ name: light, prompts: [Traffic_Light] }]\ncanonical: true'],
  ])('is canonical in every form of an ontology, and prompts keep their spelling: %s', async (_form, text) => {
    const { spec, asked } = await load(text);
    expect(spec.canonical).toBe(true);
    expect(spec.classes[0]!.prompts).toEqual(['Traffic_Light']);
    expect(asked).toEqual(['traffic light']);
  });

  it('is canonical for --class flags', async () => {
    const { spec } = await loadOntology({ classes: ['light=Traffic_Light'] });
    expect(buildOntology(spec).queries[0]!.texts).toEqual(['traffic light']);
  });

  it('is canonical after templates are filled, for ignored prompts too', async () => {
    const { asked } = await load('classes: [Hot-Dog]\ntemplates: ["A photo: {}!"]\nignore: [T.V.]');
    expect(asked).toEqual(['a photo hot-dog', 'a photo t v']);
  });

  it('is what is written with `canonical: false`', async () => {
    const { spec, asked } = await load('classes: [Traffic_Light]\ncanonical: false\ntemplates: ["{}."]');
    expect({ canonical: spec.canonical, asked }).toEqual({ canonical: false, asked: ['Traffic_Light.'] });
  });

  it('`canonical` must be true or false, and makes the full form', async () => {
    expect((await refusalOf('classes: [a]\ncanonical: never')).message).toMatch(/yard\.yaml:2:12: canonical must be/);
    expect((await refusalOf('clases: [a]\ncanonical: false')).hint).toContain('"classes"');
    expect((await load('canonical: a word')).spec.classes[0]!.prompts).toEqual(['canonical']);
  });
});

describe('prompts that become equal', () => {
  it('are noted within one class, as they are one query', async () => {
    const { notes, asked } = await load('classes: [{ name: light, prompts: [traffic light, lamp, Traffic_Light.] }]');
    expect(notes).toEqual([
      'yard.yaml:1:57: the prompts "Traffic_Light." and "traffic light" of class "light" are one query: both are ' +
        'asked as "traffic light".',
    ]);
    expect(asked).toEqual(['traffic light', 'lamp', 'traffic light']);
  });

  it('are noted among those that are ignored', async () => {
    const { notes } = await load('classes: [cup]\nignore: [dog/cat, dog cat]');
    expect(notes).toEqual([expect.stringMatching(/^yard\.yaml:2:19: .* of ignore are one query/)]);
  });

  it.each([
    ['two classes', 'dog/cat: pet\ndog cat: animal', 'yard.yaml:2:1', 'class "animal"', 'class "pet"'],
    [
      'a class and ignore',
      'classes: [{ name: pet, prompts: [dog/cat] }]\nignore: [dog cat]',
      'yard.yaml:2:10',
      'ignore',
      'class "pet"',
    ],
  ])('are refused in %s, with what both ask and the way out', async (_where, text, at, owner, first) => {
    const { message, hint } = await refusalOf(text);
    expect(message).toMatch(
      new RegExp(
        `^${at}: the prompt "dog cat" of ${owner} is already one of ${first}, at .*: both are asked as "dog cat"\\.$`,
      ),
    );
    expect(hint).toContain('`canonical: false`');
  });

  it('are two with `canonical: false`, unless they differ in case alone', async () => {
    const text = 'classes: [{ name: pet, prompts: [dog/cat] }, { name: animal, prompts: [dog cat] }]\ncanonical: false';
    expect((await load(text)).notes).toEqual([]);
    const { message, hint } = await refusalOf(text.replace('dog cat', 'Dog/Cat'));
    expect(message).toMatch(/already one of class "pet", at yard\.yaml:1:34\.$/);
    expect(hint).toContain('ignores case');
  });

  it('by templates alone are noted, and counted once', async () => {
    const text = 'classes: [cup]\ntemplates: ["a photo of a {}", "A photo of a {}.", "{}"]';
    const { notes, asked } = await load(text);
    expect(notes).toEqual([
      'yard.yaml:2:32: the templates "A photo of a {}." and "a photo of a {}" are one: the model is asked the same ' +
        'with both.',
    ]);
    expect(asked).toEqual(['a photo of a cup | cup']);
    expect(await load(`${text}\ncanonical: false`)).toMatchObject({
      notes: [],
      asked: ['a photo of a cup | A photo of a cup. | cup'],
    });
  });
});

describe('a prompt of which nothing is left', () => {
  it.each(['🐶', '???', '--', '° €'])('is refused, with its place and the way out: %s', async (prompt) => {
    const text = `classes: [{ name: pet, prompts: [dog, "${prompt}"] }]`;
    const { message, hint } = await refusalOf(text);
    expect(message).toContain(`yard.yaml:1:39: nothing is left of the prompt "${prompt}" of class "pet"`);
    expect(hint).toContain('`canonical: false`');
    expect((await load(`${text}\ncanonical: false`)).asked).toEqual(['dog', prompt]);
  });

  it('is refused among those that are ignored, and where there is a template', async () => {
    const { message } = await refusalOf('classes: [cup]\nignore: ["🐶"]\ntemplates: a photo of a {}');
    expect(message).toMatch(/^yard\.yaml:2:10: nothing is left of the prompt "🐶" of ignore/);
  });
});
