import { describe, expect, it } from 'vitest';
import { editThresholds, listChangedLines } from '../../../../src/config/ontology/edit/thresholds.js';
import { PreannotateError } from '../../../../src/core/errors.js';

const edit = (text: string, byClass: Record<string, number>, common?: number) =>
  editThresholds(text, { common, byClass: new Map(Object.entries(byClass)) }, 'yard.yaml');

const YARD = `# What to find in the yard.
templates: ['a photo of a {}']   # as in training
classes:
  # Bottles come first.
  - name: "bottle"   # glass or plastic
    prompts: [a bottle, 'glass bottle']

  - prompts:
      - a cup
    threshold: 0.150 # measured in May
    name: cup
  - {name: 'wine glass', prompts: [wine glass]} # flow
  - mug
ignore: [a picture]
`;

describe('thresholds written into an ontology', () => {
  it('change these lines alone, and leave comments, order, quotes and blank lines as they are', () => {
    const edited = edit(YARD, { bottle: 0.25, cup: 0.4, 'wine glass': 0.3, mug: 0.5 }, 0.2);
    expect(listChangedLines(YARD, edited)).toEqual([
      { line: 2, after: 'threshold: 0.2' },
      { line: 5, after: '    threshold: 0.25' },
      { line: 10, before: '    threshold: 0.150 # measured in May', after: '    threshold: 0.4 # measured in May' },
      {
        line: 12,
        before: "  - {name: 'wine glass', prompts: [wine glass]} # flow",
        after: "  - {name: 'wine glass', prompts: [wine glass], threshold: 0.3} # flow",
      },
      { line: 13, before: '  - mug', after: '  - { name: mug, prompts: [mug], threshold: 0.5 }' },
    ]);
  });

  it('replace the common threshold where there is one', () => {
    const text = 'classes: [bottle]\nthreshold: 0.3   # all\n';
    expect(edit(text, {}, 0.45)).toBe('classes: [bottle]\nthreshold: 0.45   # all\n');
  });

  it('keep line ends of Windows, and a last line without an end', () => {
    const text = 'classes:\r\n  - name: bottle\r\n    prompts: [a bottle]\r\n  - name: cup # last';
    expect(edit(text, { bottle: 0.2 }).replaceAll('\r\n', '|')).toBe(
      'classes:|  - name: bottle|    threshold: 0.2|    prompts: [a bottle]|  - name: cup # last',
    );
    const last = text.replace('name: cup # last', '{ name: cup, prompts: [a cup] }');
    expect(edit(last, { cup: 0.2 })).toBe(last.replace(' }', ', threshold: 0.2 }'));
  });

  it('keep names over several lines, and quotes of a name that stands alone', () => {
    const folded = 'classes:\n  - name: >-\n      wine\n      glass\n\n    prompts: [a glass]\n';
    expect(edit(folded, { 'wine glass': 0.2 })).toBe(
      'classes:\n  - name: >-\n      wine\n      glass\n    threshold: 0.2\n\n    prompts: [a glass]\n',
    );
    const alone = "classes: ['it''s a cup', mug]\n";
    expect(edit(alone, { "it's a cup": 0.2 })).toBe(
      'classes: [{ name: "it\'s a cup", prompts: ["it\'s a cup"], threshold: 0.2 }, mug]\n',
    );
  });

  it('do not change other thresholds that an anchor holds together with them', () => {
    const shared =
      'classes:\n  - {name: a, prompts: [a], threshold: &t 0.3}\n  - {name: b, prompts: [b], threshold: *t}\n';
    expect(edit(shared, { b: 0.2 })).toContain('name: b, prompts: [b], threshold: 0.2');
    expect(() => edit(shared, { a: 0.2 })).toThrow('thresholds in it depend on each other');
  });
});

describe('refused by name', () => {
  it.each([
    ['prompt: class', 'a bottle: bottle\n'],
    ['class: [prompts]', 'bottle: [a bottle]\n'],
    ['a classes.txt', 'bottle\ncup\n'],
    ['a data.yaml', 'names: [bottle]\nnc: 1\n'],
  ])('the short form %s, which has no place for thresholds', (_, text) => {
    expect(() => edit(text, { bottle: 0.2 })).toThrow('yard.yaml has no list of classes in full form');
  });

  it('a class that is an alias or merges one', () => {
    const text = 'x-a: &a {name: bottle, prompts: [a]}\n';
    for (const item of ['*a', '{<<: *a, name: bottle}']) {
      expect(() => edit(`${text}classes:\n  - cup\n  - ${item}\n`, { bottle: 0.2 })).toThrow(
        'yard.yaml:4: the class "bottle" uses an alias',
      );
    }
  });

  it('a class that is not there', () => {
    expect(() => edit(YARD, { jug: 0.2 })).toThrow(PreannotateError);
    expect(() => edit(YARD, { jug: 0.2 })).toThrow('there is no class "jug"');
  });
});
