import { describe, expect, it } from 'vitest';
import { addQueries, type AddedQueries } from '../../../../src/config/ontology/edit/add-queries.js';

const add = (text: string, added: Partial<AddedQueries> & { class: string }) =>
  addQueries(text, { prompts: [], ...added }, 'yard.yaml');

const YARD = `# What to find in the yard.
templates: ['a photo of a {}']   # as in training
classes:
  # Bottles come first.
  - name: "bottle"   # glass or plastic
    prompts: [a bottle, 'glass bottle']   # two

  - prompts:
      - a cup   # with a handle
    threshold: 0.150 # measured in May
    name: cup
    # the end of cup
  - {name: 'wine glass', prompts: [wine glass]} # flow
  - mug
  - name: jar
    prompts: a jar
ignore: [a picture]
`;

/** The lines that are not the same, before and after. */
function changed(before: string, after: string) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  return { gone: old.filter((line) => !now.includes(line)), come: now.filter((line) => !old.includes(line)) };
}

describe('wordings written into an ontology', () => {
  it.each([
    [
      'bottle',
      "    prompts: [a bottle, 'glass bottle']   # two",
      "    prompts: [a bottle, 'glass bottle', a flask]   # two",
    ],
    ['wine glass', '', "  - {name: 'wine glass', prompts: [wine glass, a flask]} # flow"],
    ['mug', '  - mug', '  - { name: mug, prompts: [mug, a flask] }'],
    ['jar', '    prompts: a jar', '    prompts: [a jar, a flask]'],
  ])('change the line of the class %s alone', (name, _, line) => {
    const edited = add(YARD, { class: name, prompts: ['a flask'] });
    expect(changed(YARD, edited).come).toEqual([line]);
    expect(edited.split('\n')).toHaveLength(YARD.split('\n').length);
  });

  it('are lines of their own where the prompts are', () => {
    const edited = add(YARD, { class: 'cup', prompts: ['tea: a cup', 'a beaker'] });
    expect(changed(YARD, edited)).toEqual({ gone: [], come: ['      - "tea: a cup"', '      - a beaker'] });
    expect(edited).toContain('      - a cup   # with a handle\n      - "tea: a cup"\n      - a beaker\n    threshold');
  });

  it('make a class at the end of the list', () => {
    const edited = add(YARD, { class: 'red car', prompts: ['a red car'], threshold: 0.25 });
    expect(changed(YARD, edited).gone).toEqual([]);
    expect(edited).toContain(
      '    prompts: a jar\n  - name: red car\n    prompts: [a red car]\n    threshold: 0.25\nignore: [a picture]\n',
    );
  });

  it('may be examples', () => {
    const example = { image: 'a, b.jpg', box: [1.5, 2, 30, 40] as never };
    expect(add('classes:\n- name: cup\n  prompts: [a cup]', { class: 'cup', example })).toBe(
      'classes:\n- name: cup\n  prompts: [a cup]\n  examples: [{ image: "a, b.jpg", box: [1.5, 2, 30, 40] }]',
    );
    expect(add('classes: [cup]\n', { class: 'jar', example, threshold: 0.8 })).toBe(
      'classes: [cup, { name: jar, examples: [{ image: "a, b.jpg", box: [1.5, 2, 30, 40] }], threshold: 0.8 }]\n',
    );
  });

  it.each([
    ['classes: cup # one\n', 'classes: [cup, { name: red car, prompts: [a red car] }] # one\n'],
    ['a cup: cup # first\nno: cup\n', 'a cup: cup # first\nno: cup\na red car: red car\n'],
    ['cup: [a cup] # first\n', 'cup: [a cup] # first\nred car: [a red car]\n'],
    ['{a cup: cup}', '{a cup: cup, a red car: red car}'],
    ['classes:\r\n  - cup\r\n', 'classes:\r\n  - cup\r\n  - name: red car\r\n    prompts: [a red car]\r\n'],
  ])('fit into every form: %j', (text, edited) => {
    expect(add(text, { class: 'red car', prompts: ['a red car'] })).toBe(edited);
  });

  it('join the prompts of a class in the short form', () => {
    expect(add('a cup: cup\n', { class: 'cup', prompts: ['a mug'] })).toBe('a cup: cup\na mug: cup\n');
    expect(add('cup: [a cup]\n', { class: 'cup', prompts: ['a mug'] })).toBe('cup: [a cup, a mug]\n');
    expect(add('# names\ncup\njar\n', { class: 'mug', prompts: ['mug'] })).toBe('# names\ncup\njar\nmug\n');
  });

  it.each([
    ['names: [cup]\nnc: 1\n', { class: 'cup', prompts: ['a mug'] }, 'has no place for this'],
    [
      'a cup: cup\n',
      { class: 'cup', example: { image: 'a.jpg', box: [0, 0, 9, 9] as never } },
      'has no place for this',
    ],
    ['cup\njar\n', { class: 'cup', prompts: ['a mug'] }, 'has no place for this'],
    ['classes:\n  - &c {name: cup, prompts: [a cup]}\n  - *c\n', { class: 'jar', prompts: ['a jar'] }, 'cup'],
    ['classes: [cup, jar]\n', { class: 'cup', prompts: ['Jar'] }, 'is already one of class "cup"'],
    ['classes:\n  - &c [a]\n', { class: 'jar', prompts: ['a jar'] }, 'yard.yaml:2'],
  ])('are refused where they do not fit: %j', (text, added, message) => {
    expect(() => add(text, added)).toThrow(message);
  });
});

it('refuses a prompt that another class has, without line numbers of the edited text', () => {
  expect(() => add(YARD, { class: 'flask', prompts: ['a jar'] })).toThrow(
    /^yard\.yaml: the prompt "a jar" of class "flask" is already one of class "jar"\.$/,
  );
});
