import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPrompts, parsePrompts, toOntologyField } from '../../../../src/server/page/client/prompt-text.js';
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
    const { classes, lines } = parsePrompts(
      '# a comment\r\n\r\n bottle \r\ncup : a cup ,, a mug,\r\nnone:\r\n',
      INFO.classes,
    );
    expect(classes).toEqual([
      { name: 'bottle', id: 2, prompts: ['bottle'] },
      { name: 'cup', id: 3, prompts: ['a cup', 'a mug'] },
      { name: 'none', id: 4, prompts: [] },
    ]);
    expect(lines).toEqual([3, 4, 5]);
  });

  it("is sent with the server's own templates, and with its look-alikes to ignore except those now asked for", () => {
    const prompted = parsePrompts('holder: a pen holder', INFO.classes);
    expect(toOntologyField(prompted, INFO)).toEqual({
      templates: INFO.templates,
      ignore: ['a picture of a cup'],
      classes: [{ name: 'holder', id: 2, prompts: ['a pen holder'] }],
    });
  });
});
