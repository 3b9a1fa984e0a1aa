import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { parseYaml } from '../../../src/config/yaml.js';
import { PreannotateError } from '../../../src/core/errors.js';
import { buildOntology, findPlace, IGNORED } from '../../../src/core/ontology.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Loads YAML text as the ontology of a config file would be, so that messages begin with "yard.yaml". */
async function load(text: string) {
  const { name, value, where } = parseYaml(text, { name: 'yard.yaml', code: 'ONTOLOGY_INVALID' });
  return loadOntology({ mapping: value, file: name, where });
}

async function failureOf(loading: Promise<unknown>): Promise<PreannotateError> {
  const error = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(PreannotateError);
  expect((error as PreannotateError).code).toBe('ONTOLOGY_INVALID');
  return error as PreannotateError;
}

describe('the short form', () => {
  it('gathers prompts by class, in the order in which classes first appear', async () => {
    const { spec } = await load('a bottle: bottle\na cup: cup\nglass bottle: bottle\n');
    expect(spec).toEqual({
      templates: [],
      canonical: true,
      classes: [
        { name: 'bottle', id: 1, prompts: ['a bottle', 'glass bottle'] },
        { name: 'cup', id: 2, prompts: ['a cup'] },
      ],
      ignore: [],
    });
  });

  it('is distinguished from the full form by the key `classes` alone: the other keys may be prompts', async () => {
    const { spec } = await load('templates: paper\nthreshold: door\n');
    expect(spec.classes.map(({ prompts }) => prompts)).toEqual([['templates'], ['threshold']]);
  });

  it('a prompt that is empty or a class that is not a string is refused at its place', async () => {
    expect((await failureOf(load('"": bottle'))).message).toBe('yard.yaml:1:1: a prompt of class "bottle" is empty.');
    const { message, hint } = await failureOf(load('a bottle: bottle\na seven: 7'));
    expect(message).toBe('yard.yaml:2:10: "a seven" must be text, not 7.');
    expect(hint).toBe('Put quotes around it: "7".');
  });

  it('a class that differs from another by case only is refused', async () => {
    const { message } = await failureOf(load('a bottle: bottle\nglass bottle: Bottle'));
    expect(message).toBe('yard.yaml:2:15: the class "Bottle" exists already: "bottle" at yard.yaml:1:11.');
  });
});

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

describe('examples', () => {
  const BYTES = 'not looked at until a worker decodes it';
  const SHA256 = createHash('sha256').update(BYTES).digest('hex');

  /** Loads an ontology file beside which there are images a.png and sub/b.png. */
  async function loadFile(text: string) {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'sub'));
    await writeFile(join(folder, 'a.png'), BYTES);
    await writeFile(join(folder, 'sub/b.png'), 'another');
    const file = join(folder, 'yard.yaml');
    await writeFile(file, text);
    return { folder, file, loading: loadOntology({ file }) };
  }

  it('are kept as written, with the hash of their content, and found in the file again', async () => {
    const text =
      'classes:\n  - name: x\n    examples:\n      - a.png\n      - { image: sub/b.png, box: [1, 2.5, 30, 40] }\n';
    const { folder, file, loading } = await loadFile(`${text}ignore: [a toy, { image: a.png, box: [0, 0, 9, 9] }]\n`);
    const { spec, places, folder: exampleFolder } = await loading;
    expect(spec.classes).toEqual([
      {
        name: 'x',
        id: 1,
        prompts: [],
        examples: [
          { image: 'a.png', sha256: SHA256 },
          { image: 'sub/b.png', box: [1, 2.5, 30, 40], sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        ],
      },
    ]);
    expect(spec).toMatchObject({ ignore: ['a toy'], ignoreExamples: [{ image: 'a.png', box: [0, 0, 9, 9] }] });
    expect(exampleFolder).toBe(folder);
    const { queries } = buildOntology(spec);
    expect(queries.map(({ prompt, classId, texts }) => [prompt, classId, texts])).toEqual([
      ['example: a.png', 0, []],
      ['example: sub/b.png [1, 2.5, 30, 40]', 0, []],
      ['a toy', IGNORED, ['a toy']],
      ['example: a.png [0, 0, 9, 9]', IGNORED, []],
    ]);
    expect(findPlace(places, 'example: sub/b.png [1, 2.5, 30, 40]')).toBe(`${file}:5:9`);
  });

  it.each([
    [
      'that is not there',
      '[c.png]',
      /yard\.yaml:1:33: .*c\.png cannot be read: there is no such file/,
      /relative to the file/,
    ],
    ['that is a folder', '[sub]', /yard\.yaml:1:33: .*sub cannot be read: it is a folder/, /./],
    ['without a path', '[" "]', /yard\.yaml:1:33: an example names no image\./, /path/],
    ['with a line break in its path', '["a\\nb"]', /the path "a\\u000ab" has a control character/, /Rename/],
    [
      'whose box has swapped corners',
      '[{ image: a.png, box: [9, 2, 3, 4] }]',
      /yard\.yaml:1:54: the box \[9, 2, 3, 4\] is empty or its corners are swapped\./,
      /not \[x, y, width, height\]/,
    ],
    [
      'whose box is a line',
      '[{ image: a.png, box: [1, 2, 9, 2] }]',
      /\[1, 2, 9, 2\] is empty/,
      /left, top, right, bottom/,
    ],
    [
      'whose box has three sides',
      '[{ image: a.png, box: [1, 2, 3] }]',
      /yard\.yaml:1:54: classes\[0\]\.examples\[0\]\.box is not four numbers/,
      /./,
    ],
    ['whose box holds words', '[{ image: a.png, box: [1, 2, 3, x] }]', /box\[3\] must be a number, not "x"/, /./],
    [
      'with an unknown key',
      '[{ image: a.png, bx: [1, 2, 3, 4] }]',
      /yard\.yaml:1:49: unknown key "bx"\./,
      /Did you mean "box"/,
    ],
    ['without an image', '[{ box: [1, 2, 3, 4] }]', /examples\[0\]\.image must be text, not nothing/, /./],
    ['that is a number', '[7]', /examples\[0\] must be a mapping, not 7/, /./],
    ['outside a list', 'a.png', /examples must be a list, not "a\.png"/, /./],
    [
      'that comes twice',
      '[a.png, ./a.png]',
      /1:40: the example "\.\/a\.png" of class "x" is already one of class "x", at/,
      /Remove/,
    ],
  ])('one %s is refused at its place', async (_, examples, message, hint) => {
    const { loading } = await loadFile(`classes: [{ name: x, examples: ${examples} }]\n`);
    const failure = await failureOf(loading);
    expect(failure.message).toMatch(message);
    expect(failure.hint).toMatch(hint);
  });

  it('a picture that stands for two classes is refused, with another box it is not', async () => {
    const classes = (box: string) =>
      `classes: [{ name: x, examples: [a.png] }, { name: y, examples: [{ image: a.png${box} }] }]\n`;
    const { message } = await failureOf((await loadFile(classes(''))).loading);
    expect(message).toMatch(/the example "a\.png" of class "y" is already one of class "x"/);
    await expect((await loadFile(classes(', box: [0, 0, 5, 5]'))).loading).resolves.toBeDefined();
  });

  it('more than 1,000 are refused, naming the first one too many', async () => {
    const examples = Array.from({ length: 1001 }, (_, i) => `      - { image: a.png, box: [0, 0, ${i + 1}, 1] }\n`);
    const { loading } = await loadFile(`classes:\n  - name: x\n    examples:\n${examples.join('')}`);
    expect((await failureOf(loading)).message).toMatch(
      /yard\.yaml:1004:9: the ontology has 1001 examples; at most 1000/,
    );
  });

  it('a prompt that has the name of an example in the results is rejected', async () => {
    const { loading } = await loadFile('classes: [{ name: x, prompts: ["example:  a.png"], examples: [a.png] }]\n');
    expect((await failureOf(loading)).message).toMatch(
      /1:32: the prompt "example: {2}a\.png" is also the name of an example in the results/,
    );
  });

  it('the short form cannot have them, but a prompt may be called so', async () => {
    const { message, hint } = await failureOf(load('a bottle: bottle\nexamples: [a.png]\n'));
    expect(message).toBe('yard.yaml:2:1: an ontology in short form cannot have examples.');
    expect(hint).toMatch(/full form: classes:/);
    expect((await load('examples: sample\n')).spec.classes[0]!.prompts).toEqual(['examples']);
  });

  it('a mapping that comes from no file of this machine cannot name files of it', async () => {
    const mapping = { classes: [{ name: 'x', examples: ['/etc/hostname'] }] };
    const { message } = await failureOf(loadOntology({ mapping, file: 'request' }));
    expect(message).toBe('request: examples cannot be given here.');
  });
});

describe('files', () => {
  it('are read, and prompts are found in them again', async () => {
    const path = join(await temporaryFolder(), 'yard.yaml');
    await writeFile(path, 'a bottle: bottle\nglass bottle: bottle\n');
    const { spec, places } = await loadOntology({ file: path });
    expect(spec.classes).toHaveLength(1);
    expect(findPlace(places, 'glass bottle')).toBe(`${path}:2:1`);
  });

  it('that are missing are named', async () => {
    const path = join(await temporaryFolder(), 'none.yaml');
    expect((await failureOf(loadOntology({ file: path }))).message).toBe(`${path}: there is no such file.`);
  });

  it('that are nested too deep are refused', async () => {
    const path = join(await temporaryFolder(), 'deep.yaml');
    await writeFile(path, '['.repeat(20_000));
    expect((await failureOf(loadOntology({ file: path }))).message).toMatch(/nested more than 100 levels deep/);
  });
});

describe('--class flags', () => {
  it('give a class its prompts, or its own name as the prompt', async () => {
    const { spec, places } = await loadOntology({ classes: ['bottle=a bottle, glass bottle', 'wine glass'] });
    expect(spec.classes).toEqual([
      { name: 'bottle', id: 1, prompts: ['a bottle', 'glass bottle'] },
      { name: 'wine glass', id: 2, prompts: ['wine glass'] },
    ]);
    expect(findPlace(places, 'glass bottle')).toBe('--class "bottle=a bottle, glass bottle"');
  });

  it('a prompt may hold an equals sign', async () => {
    const { spec } = await loadOntology({ classes: ['sum=1+1=2'] });
    expect(spec.classes[0]!.prompts).toEqual(['1+1=2']);
  });

  it.each([
    ['no prompts', ['bottle='], '--class "bottle=": class "bottle" has no prompts.'],
    ['an empty prompt', ['bottle=a,,b'], '--class "bottle=a,,b": a prompt of class "bottle" is empty.'],
    ['no name', ['=a bottle'], '--class "=a bottle": a class has an empty name.'],
    ['one class twice', ['bottle=a', 'bottle=b'], /--class "bottle=b": the class "bottle" exists already/],
  ])('%s is refused', async (_, classes, message) => {
    expect((await failureOf(loadOntology({ classes }))).message).toMatch(message);
  });
});
