import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadOntology } from '../../../src/config/ontology/load-ontology.js';
import { parseYaml } from '../../../src/config/yaml.js';
import { formatPrompts, parsePrompts, toOntologyField } from '../../../src/page/serve/prompt-text.js';
import { INFO } from './info.js';

describe('the text of prompts', () => {
  const folded = fc
    .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
    .map((text) => text.trim().replaceAll(/\s+/g, ' '));
  const word = fc.oneof(folded, fc.constantFrom('a: b', 'a, b', '"a"', '#a', 'a "b", c', '6" nail', '\\', ':', '"'));
  const text = word.filter((one) => one !== '');
  const entry = fc.record({ name: text, prompts: fc.array(text, { minLength: 1, maxLength: 4 }) });

  it('can be parsed back into the same classes and prompts, whatever characters they contain', () => {
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, maxLength: 5 }), (entries) => {
        const classes = entries.map((one, i) => ({ ...one, id: 10 - i }));
        expect(parsePrompts(formatPrompts(classes), classes).classes).toEqual(classes);
      }),
    );
  });

  it('may hold comments, empty lines and a name alone; each class is reported with its line', () => {
    const { classes, lines, note } = parsePrompts(
      '# a comment\r\n\r\n bottle \r\na cup : cup\r\npen: [ a pen ,, a "b" pen,]\r\na mug: cup\r\nnone: []\r\n',
      INFO.classes,
    );
    expect(classes).toEqual([
      { name: 'bottle', id: 2, prompts: ['bottle'] },
      { name: 'cup', id: 3, prompts: ['a cup', 'a mug'] },
      { name: 'pen', id: 1, prompts: ['a pen', 'a "b" pen'] },
      { name: 'none', id: 4, prompts: [] },
    ]);
    expect(lines).toEqual([[3], [4, 6], [5, 5], [7]]);
    expect(note).toBeUndefined();
  });

  it('has the order of ontology files: what looks like the reverse is noted, and not changed', () => {
    const { classes, note } = parsePrompts('# order\nbottle: a bottle\n', INFO.classes);
    expect(classes).toEqual([{ name: 'a bottle', id: 2, prompts: ['bottle'] }]);
    expect(note).toMatch(/^Line 2 makes a class “a bottle”, found by the prompt “bottle”/);
    expect(parsePrompts(formatPrompts(INFO.classes), INFO.classes).note).toBeUndefined();
  });

  it.each([['a bottle: bottle\nglass bottle: bottle\na cup: cup'], ['bottle: [a bottle, glass bottle]\ncup: [a cup]']])(
    'means what the same text in a file means: %j',
    async (text) => {
      const { value, where } = parseYaml(text, { name: 'file', code: 'ONTOLOGY_INVALID' });
      const { spec } = await loadOntology({ mapping: value, file: 'file', where });
      expect(parsePrompts(text, []).classes).toEqual(spec.classes);
    },
  );

  it("is sent with the server's own templates, and with its look-alikes to ignore except those now asked for", () => {
    const prompted = parsePrompts('a pen holder: holder', INFO.classes);
    expect(toOntologyField(prompted, INFO)).toEqual({
      templates: INFO.templates,
      canonical: INFO.canonical,
      ignore: ['picture of a cup'],
      classes: [{ name: 'holder', id: 2, prompts: ['a pen holder'] }],
    });
  });

  it('leaves out a look-alike that is one query with a prompt, however it is spelled', () => {
    const prompted = parsePrompts('Picture of a cup.: cup\nA pen_holder: holder', INFO.classes);
    expect(toOntologyField(prompted, INFO).ignore).toEqual([]);
    expect(toOntologyField(prompted, { ...INFO, canonical: false }).ignore).toEqual(INFO.ignore);
    const cased = parsePrompts('Picture  of a CUP: cup', INFO.classes);
    expect(toOntologyField(cased, { ...INFO, canonical: false }).ignore).toEqual(['a pen holder']);
  });
});
