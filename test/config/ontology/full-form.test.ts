import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { findPlace } from '../../../src/core/ontology.js';
import { failureOf, load } from './load-text.js';

describe('the full form', () => {
  it('keeps everything it contains', async () => {
    const { spec } = await load(`
templates: ["a photo of a {}", "{}"]
threshold: 0.3
classes:
  - { name: bottle, id: 7, prompts: [a bottle, glass bottle], threshold: 0.15 }
  - name: cup
    prompts: [a cup]
ignore: [a picture of a bottle]`);
    expect(spec).toEqual({
      templates: ['a photo of a {}', '{}'],
      canonical: true,
      threshold: 0.3,
      classes: [
        { name: 'bottle', id: 7, prompts: ['a bottle', 'glass bottle'], threshold: 0.15 },
        { name: 'cup', id: 1, prompts: ['a cup'] },
      ],
      ignore: ['a picture of a bottle'],
    });
  });

  it('classes without an id get the smallest numbers not taken, in order', async () => {
    const { spec } = await load(`
classes:
  - { name: a, prompts: [a] }
  - { name: b, prompts: [b], id: 1 }
  - { name: c, prompts: [c] }
  - { name: d, prompts: [d], id: 3 }
  - { name: e, prompts: [e] }`);
    expect(spec.classes.map(({ name, id }) => `${name}${id}`)).toEqual(['a2', 'b1', 'c4', 'd3', 'e5']);
  });

  it('white space in prompts is folded, as the tokenizer does', async () => {
    const { spec, places } = await load('classes:\n  - name: x\n    prompts:\n      - "  a \\t big\\n bottle "');
    expect(spec.classes[0]!.prompts).toEqual(['a big bottle']);
    expect(findPlace(places, 'a big bottle')).toBe('yard.yaml:4:9');
  });

  it.each([
    ['no classes', 'classes: []', 'yard.yaml:1:1: the ontology has no classes.', /Name at least one/],
    [
      'a class without prompts',
      'classes:\n  - name: forklift',
      'yard.yaml:2:5: class "forklift" has no prompts.',
      'Add at least one, for example: prompts: ["a photo of a forklift"].',
    ],
    [
      'a class with an empty list of prompts',
      'classes: [{ name: x, prompts: [] }]',
      /^yard\.yaml:1:31: class "x" has no prompts/,
      /Add/,
    ],
    [
      'a prompt of spaces',
      'classes: [{ name: x, prompts: ["  "] }]',
      'yard.yaml:1:32: a prompt of class "x" is empty.',
      /remove/,
    ],
    [
      'an ignored prompt of spaces',
      'classes: [{ name: x, prompts: [x] }]\nignore: [" "]',
      'yard.yaml:2:10: a prompt of ignore is empty.',
      /./,
    ],
    [
      'a class with an empty name',
      'classes: [{ name: " ", prompts: [x] }]',
      /^yard\.yaml:1:19: a class has an empty name/,
      /./,
    ],
    [
      'a class without a name',
      'classes: [{ prompts: [x] }]',
      /^yard\.yaml:1:11: classes\[0\]\.name must be text, not nothing/,
      /[Ee]xamples/,
    ],
    [
      'a control character in a name',
      'classes: [{ name: "a\\tb", prompts: [x] }]',
      /"a\\u0009b" has a control character/,
      /remove/,
    ],
    [
      'half a surrogate pair in a name',
      'classes: [{ name: "a\\ud800", prompts: [x] }]',
      /has a control character/,
      /remove/,
    ],
    [
      'an id of 0',
      'classes: [{ name: x, prompts: [x], id: 0 }]',
      'yard.yaml:1:40: classes[0].id must be at least 1, not 0.',
      /[Ee]xamples/,
    ],
    [
      'a broken id',
      'classes: [{ name: x, prompts: [x], id: 1.5 }]',
      /classes\[0\]\.id must be a whole number, not 1\.5/,
      /[Ee]xamples/,
    ],
    [
      'a threshold over 1',
      'classes: [{ name: x, prompts: [x] }]\nthreshold: 30',
      'yard.yaml:2:12: threshold must be at most 1, not 30.',
      /Did you mean 0\.3/,
    ],
    [
      'a prompt that is a number',
      'classes: [{ name: x, prompts: [7] }]',
      /prompts\[0\] must be text, not 7/,
      'Put quotes around it: "7".',
    ],
    [
      'a prompt that is a truth value',
      'classes: [{ name: x, prompts: [true] }]',
      /must be text, not true/,
      'Put quotes around it: "true".',
    ],
    [
      'a template without a hole',
      'classes: [{ name: x, prompts: [x] }]\ntemplates: [a photo]',
      /"a photo" does not contain \{\}/,
      /once.*"a photo of a \{\}"; or `owl` for 7 of the original/,
    ],
    [
      'a list of templates that does not exist',
      'classes: [{ name: x, prompts: [x] }]\ntemplates: owlv2',
      /^yard\.yaml:2:12: the template "owlv2" does not contain \{\}/,
      /`owl` for 7/,
    ],
    [
      'a template that is in a list beside it',
      'classes: [{ name: x, prompts: [x] }]\ntemplates: [owl, "a origami {}."]',
      /^yard\.yaml:2:18: the template "a origami \{\}\." exists already, at yard\.yaml:2:13/,
      /./,
    ],
    [
      'a template with two holes',
      'classes: [{ name: x, prompts: [x] }]\ntemplates: ["{} {}"]',
      /^yard\.yaml:2:13: .* 2 times/,
      /once/,
    ],
    [
      'a template that comes twice',
      'classes: [{ name: x, prompts: [x] }]\ntemplates: ["{}", "{}"]',
      /^yard\.yaml:2:19: .*exists already, at yard\.yaml:2:13/,
      /./,
    ],
    [
      'an unknown key',
      'clases: [{ name: x, prompts: [x] }]',
      /^yard\.yaml:1:1: unknown key "clases"\./m,
      /Did you mean "classes"\?/,
    ],
    [
      'an unknown key of a class',
      'classes: [{ name: x, promts: [x] }]',
      'yard.yaml:1:22: unknown key "promts".',
      'Did you mean "prompts"?',
    ],
    [
      'a key that is like none',
      'classes: [{ name: x, prompts: [x], colour: red }]',
      /unknown key "colour"/,
      /name, id, prompts, examples, threshold/,
    ],
    ['an empty file', '', 'yard.yaml:1:1: the ontology must be a mapping, not nothing.', /[Ee]xamples/],
    ['a list', '- bottle', 'yard.yaml:1:1: the ontology must be a mapping, not a list.', /[Ee]xamples/],
  ])('%s is refused', async (...[, text, message, hint]) => {
    const failure = await failureOf(load(text));
    expect(failure.message).toMatch(message);
    expect(failure.hint).toMatch(hint);
  });

  it.each([
    ['by case', 'Bottle', 'bottle'],
    ['by form of Unicode', 'caf\u00e9', 'cafe\u0301'],
    ['by white space', 'wine glass', 'wine  glass'],
    ['not at all', 'bottle', 'bottle'],
  ])('classes whose names differ %s are refused', async (_, first, second) => {
    const { message } = await failureOf(
      load(`classes:\n  - { name: ${first}, prompts: [x] }\n  - { name: ${second}, prompts: [y] }`),
    );
    expect(message).toContain(`yard.yaml:3:13: the class "${second}" exists already: "${first}" at yard.yaml:2:13.`);
  });

  it('two classes with one id are refused', async () => {
    const { message } = await failureOf(
      load('classes:\n  - { name: a, prompts: [x], id: 3 }\n  - { name: b, prompts: [y], id: 3 }'),
    );
    expect(message).toBe('yard.yaml:3:34: the class "b" has the id 3 of "a".');
  });

  it.each([
    [
      'in one class',
      'classes: [{ name: a, prompts: [x, X] }]',
      /"X" of class "a" is already one of class "a", at yard\.yaml:1:32/,
    ],
    [
      'in two classes',
      'classes: [{ name: a, prompts: [a  cup] }, { name: b, prompts: [A cup] }]',
      /"A cup" of class "b" is already one of class "a"/,
    ],
    [
      'as ignored',
      'classes: [{ name: a, prompts: [x] }]\nignore: [x]',
      /^yard\.yaml:2:10: the prompt "x" of ignore is already one of class "a"/,
    ],
  ])('a prompt that comes twice %s is refused', async (_, text, message) => {
    expect((await failureOf(load(text))).message).toMatch(message);
  });

  it('all problems are reported at once, a line each', async () => {
    const { message } = await failureOf(
      load('classes:\n  - { name: a, prompts: [x, x] }\n  - { name: A, prompts: [] }\ntemplates: [y]'),
    );
    expect(message.split('\n')).toHaveLength(4);
  });

  it('more than 10,000 prompts are refused, and as many are not', async () => {
    const prompts = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`);
    const loading = (count: number) =>
      loadOntology({ mapping: { classes: [{ name: 'x', prompts: prompts(count) }] }, file: 'request' });
    await expect(loading(10_000)).resolves.toBeDefined();
    await expect(loading(10_001)).rejects.toThrow(
      'request: the ontology has 10001 prompts; at most 10000 are possible.',
    );
  });

  it('a mapping that comes from no file is spoken of by path', async () => {
    const { message } = await failureOf(
      loadOntology({ mapping: { classes: [{ name: 'x', prompts: [7] }] }, file: 'request' }),
    );
    expect(message).toBe('request: classes[0].prompts[0] must be text, not 7.');
  });
});
