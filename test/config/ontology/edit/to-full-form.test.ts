import { describe, expect, it } from 'vitest';
import { formOf, toFullForm } from '../../../../src/config/ontology/edit/to-full-form.js';
import { readDraft } from '../../../../src/config/ontology/edit/read-classes.js';

const convert = (text: string) => toFullForm(text, 'yard.yaml');

describe('a short form written in full', () => {
  it('has a class for each of prompt: class, with the comments of each prompt', () => {
    const text = `# yaml-language-server: $schema=ontology.schema.json
# What is in the yard.

# Glass.
a photo of a bottle: bottle # of glass
"7-up can": 'soft drink'

# Things to drink from.
a cup: cup
# Also this.
a glass bottle: bottle   # green
# The end.
`;
    expect(convert(text)).toBe(`# yaml-language-server: $schema=ontology.schema.json
# What is in the yard.

classes:
  # Glass.
  - name: bottle
    prompts:
      - a photo of a bottle # of glass
      # Also this.
      - a glass bottle # green
  - name: soft drink
    prompts: ["7-up can"]

  # Things to drink from.
  - name: cup
    prompts: [a cup]
  # The end.
`);
  });

  it('has the lists of class: [prompt, prompt]', () => {
    const text = `# Yard
bottle: [a bottle, 'glass: bottle'] # two
cup: # to drink from
  - a cup
  # with a handle
  - a mug # large
jar:
  - a jar
`;
    expect(convert(text)).toBe(`# Yard
classes:
  - name: bottle
    prompts: [a bottle, "glass: bottle"] # two
  - name: cup # to drink from
    prompts:
      - a cup
      # with a handle
      - a mug # large
  - name: jar
    prompts: [a jar]
`);
  });

  it('has the names of a file of names', () => {
    expect(convert('# names\n\nbottle\n# large\nwine glass, red\n\nno\n')).toBe(
      '# names\n\nclasses:\n  - bottle\n  # large\n  - "wine glass, red"\n\n  - "no"\n',
    );
  });

  it.each([
    ['line ends of Windows', 'a cup: cup # one\r\na jar: jar\r\n'],
    ['no line end', 'a cup: cup # one'],
    ['braces over several lines', '{ # one\n  a cup: cup, # two\n  # three\n  a jar: jar\n} # four\n'],
    ['numbers, which are read first', 'a cup: cup # one\n"12": dozen # two\n'],
    ['texts of several lines', '? >-\n  a\n\n  # cup\n: cup\n# one\na jar: "jar\n  # jar" # two\n'],
    ['a beginning of a document', '---\n# one\na cup: cup\n'],
    ['an anchor', 'a cup: &c cup # one\na mug: *c\n'],
    ['lists over several lines', 'cup: [a cup, # one\n  a mug] # two\n# three\n'],
  ])('has the same classes, and all comments: %s', (_, text) => {
    const full = convert(text);
    const read = (some: string) => readDraft(some, 'yard.yaml').classes.map(({ name, prompts }) => [name, prompts]);
    expect(JSON.stringify(read(full))).toBe(JSON.stringify(read(text)));
    for (const comment of text.match(/# (?:one|two|three|four)/g) ?? []) expect(full.split(comment)).toHaveLength(2);
    expect(full.includes('\r\n')).toBe(text.includes('\r\n'));
    expect(formOf(full)).toBe('full');
  });
});

it.each([
  ['full', 'classes: [cup]\n'],
  ['short', 'a cup: cup\n'],
  ['short', 'cup: [a cup]\n'],
  ['names', 'cup\njar\n'],
  ['data.yaml', 'names: [cup]\nnc: 1\n'],
])('the form %s is known from the text', (form, text) => {
  expect(formOf(text)).toBe(form);
});
