import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { buildOntology, findPlace, IGNORED } from '../../../src/core/ontology.js';
import { temporaryFolder } from '../../support/temporary.js';
import { failureOf, load } from './load-text.js';

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
