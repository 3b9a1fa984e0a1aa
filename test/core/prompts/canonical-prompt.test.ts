import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksForSomething, canonicalise, lowerSigmas, toAsked } from '../../../src/core/prompts/canonical-prompt.js';

/** As google-research/scenic writes it, for its a-z, 0-9, dash and space, without the # that marks queries there. */
function canonicaliseAsOriginal(text: string): string {
  const words = text.toLowerCase().replaceAll(/[^a-z0-9-]/g, ' ');
  return words.replaceAll(/\s+/g, ' ').replaceAll(/-+/g, '-').trim();
}

const any = fc.string({ unit: 'binary', maxLength: 30 });
const words = fc.string({ unit: 'grapheme', maxLength: 30 });

describe('a canonical prompt', () => {
  it.each([
    ['a dog', 'a dog'],
    ['A Dog', 'a dog'],
    ['traffic_light', 'traffic light'],
    ['bow_(weapon)', 'bow weapon'],
    ['T.V.', 't v'],
    ['dog/cat', 'dog cat'],
    ['"a photo of a cat."', 'a photo of a cat'],
    ['cup, mug', 'cup mug'],
    ["driver's licence", 'driver s licence'],
    ['driver’s licence', 'driver s licence'],
    ['salt & pepper', 'salt pepper'],
    ['  a \t dog\n', 'a dog'],
    ['hi--vis vest', 'hi-vis vest'],
    ['a -- b', 'a - b'],
    ['t‑shirt', 't-shirt'], // the hyphen that does not break
    ['dog – cat', 'dog cat'],
    ['50 mm', '50 mm'],
    ['<|endoftext|>', 'endoftext'],
    ['<br/>', 'br'],
  ])('of what is typed in ASCII or nearly so: %j is %j', (text, expected) => {
    expect(canonicalise(text)).toBe(expected);
  });

  it.each([
    ['café', 'cafe'],
    ['cafe\u0301', 'cafe'],
    ['Ångström', 'angstrom'],
    ['đèn Ồn', 'đen on'],
    ['Straße', 'straße'],
    ['Øl og æble', 'øl og æble'],
    ['İSTANBUL ılık', 'istanbul ılık'],
    ['ﬁsh', 'fish'],
    ['Ｃａｔ１', 'cat1'],
    ['m²', 'm2'],
    ['½ cup', '1 2 cup'],
    ['soft\u00adhyphen', 'softhyphen'],
    ['\u202eturned\u202c', 'turned'],
    ['zero\u200bwidth', 'zero width'],
  ])('of Latin letters has no marks, and plain letters and digits: %j is %j', (text, expected) => {
    expect(canonicalise(text)).toBe(expected);
  });

  it.each([
    ['Hindi', 'हिन्दी की किताब'],
    ['Malayalam, with a joiner', 'അവന്‍'],
    ['Tamil', 'தமிழ்'],
    ['Thai', 'ภาษาไทยที่นี่'],
    ['Arabic with vowels', 'العَرَبِيَّة'],
    ['Persian, with a non-joiner', 'می‌خواهم'],
    ['Hebrew with points', 'שָׁלוֹם'],
    ['Chinese', '一只狗'],
    ['Japanese', 'ガラスのコップ 犬々 ﾊﾞｽ'],
    ['Korean', '유리병'],
    ['Cyrillic', 'ёлка и й'],
    ['Greek', 'σκύλος μου'],
    ['Arabic digits', '٣ قطط'],
    ['Devanagari digits', '१२'],
  ])('leaves %s as it is', (_script, text) => {
    expect(canonicalise(text)).toBe(text);
    expect(canonicalise(text.normalize('NFD'))).toBe(text); // and as some systems store it
  });

  it.each([
    ['ΣΚΎΛΟΣ', 'σκύλοσ'],
    ['ЁЛКА', 'ёлка'],
    ['コップ・皿', 'コップ 皿'],
    ['「犬」', '犬'],
    ['犬。', '犬'],
    ['कुत्ता।', 'कुत्ता'],
    ['cat和犬', 'cat和犬'],
  ])('of other scripts is in lower case, with spaces for punctuation: %j is %j', (text, expected) => {
    expect(canonicalise(text)).toBe(expected);
  });

  it.each([
    ['dog 🐶', 'dog'],
    ['👨‍👩‍👧 family', 'family'],
    ['red ❤️ heart', 'red heart'],
    ['👍🏽 thumb', 'thumb'],
    ['1️⃣', '1'],
    ['™ ° € +', ''],
    ['🐶', ''],
  ])('has no symbols, and nothing of emoji: %j is %j', (text, expected) => {
    expect(canonicalise(text)).toBe(expected);
  });

  it('is that of the original for all texts in ASCII', () => {
    const ascii = fc.string({ unit: 'binary-ascii', maxLength: 40 });
    fc.assert(
      fc.property(ascii, (text) => {
        expect(canonicalise(text)).toBe(canonicaliseAsOriginal(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('stays as it is when it is made canonical again, in any Unicode form', () => {
    fc.assert(
      fc.property(fc.oneof(any, words), (text) => {
        const once = canonicalise(text);
        expect(canonicalise(once)).toBe(once);
        expect(canonicalise(text.normalize('NFD'))).toBe(once);
        expect(once).toBe(once.normalize('NFC'));
        expect(once).toMatch(/^(?:[^\s\p{P}\p{S}]|(?<=\S) (?=\S)|-)*$/u);
      }),
      { numRuns: 5000 },
    );
  });

  it('asks for something where a letter or a digit is left', () => {
    expect(['a', '犬', '7', 'x -'].map(asksForSomething)).toEqual([true, true, true, true]);
    expect(['', '-', '- -'].map(asksForSomething)).toEqual([false, false, false]);
  });
});

describe('a prompt that is asked as it is written', () => {
  it('is the same as one that differs in case, white space and composition alone', () => {
    expect(toAsked(' A  Dog.', false)).toBe('a dog.');
    expect(toAsked('CAFE\u0301', false)).toBe('café');
    expect(toAsked('ΟΔΟΣ', false)).toBe('οδοσ');
    expect(toAsked('İ', false)).toBe('i\u0307');
  });
});

it('only capital sigmas are lower-cased by their neighbours, so that the rest is that of single code points', () => {
  fc.assert(
    fc.property(fc.oneof(any, words), (text) => {
      const single = Array.from(text, (character) => character.toLowerCase()).join('');
      expect(lowerSigmas(text).toLowerCase()).toBe(single);
    }),
    { numRuns: 5000 },
  );
});
