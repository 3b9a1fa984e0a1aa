const LETTER_OR_NUMBER = /[\p{L}\p{N}]/u;
/** Beyond ASCII: Latin letters, digits, and the letters of formulas, which are compatible with Latin ones. */
const PERHAPS_LATIN = /(?![\0-\x7f])[\p{Script=Latin}\p{N}\u{1d400}-\u{1d7ff}]/gu;
const LATIN_OR_DIGIT = /^[\p{Script=Latin}0-9]/u;
const HYPHENS = /[\u2010\u2011\ufe63\uff0d]/g;
/** Soft hyphens, directions and the like; not the zero-width space, and not the joiners of Persian and Indic words. */
const INVISIBLE = /(?![\u200b-\u200d])\p{Cf}/gu;
/** Marks, and joiners, that do not belong to a letter of another script than Latin. */
const LOOSE_MARKS = /(?<![\p{M}\u200c\u200d])(?<!(?!\p{Script=Latin})\p{L})[\p{M}\u200c\u200d]+/gu;
const NOT_KEPT = /[^\p{L}\p{N}\p{M}\u200c\u200d-]+/gu;

/** White space as the tokenizer reads it. */
export function foldSpace(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

/**
 * Capital sigmas in lower case. JavaScript's own lower case makes another letter of those that end a word; it looks at
 * neighbours nowhere else.
 */
export function lowerSigmas(text: string): string {
  return text.replaceAll('Σ', 'σ');
}

/** Lower case of each code point by itself, as the reference tokenizer has it. */
function lowerCase(text: string): string {
  return lowerSigmas(text).toLowerCase();
}

/**
 * A text as the model is asked: canonical as the labels that it was trained with, or as the tokenizer reads it. Texts
 * that differ in no more are one query.
 */
export function toAsked(text: string, canonical: boolean): string {
  return canonical ? canonicalise(text) : lowerCase(foldSpace(text.normalize('NFC')));
}

/** Whether a canonical text still asks for something: the original keeps dashes, also where nothing else is left. */
export function asksForSomething(canonical: string): boolean {
  return LETTER_OR_NUMBER.test(canonical);
}

/**
 * Brings a text into the form that all queries had in training: lower case, and every character but letters, digits and
 * dashes a space; runs of spaces and of dashes fold. Unlike the original, which keeps only a-z, 0-9 and dashes, this
 * keeps letters of all scripts: Latin ones lose their marks, others are left as they are.
 *
 * @see google-research/scenic `projects/owl_vit/preprocessing/label_ops.py`, `_canonicalize_string_tf`
 */
export function canonicalise(text: string): string {
  const plain = text.normalize('NFC').replaceAll(PERHAPS_LATIN, toPlainLatin);
  const letters = lowerCase(plain).replaceAll(INVISIBLE, '').replaceAll(LOOSE_MARKS, '').replaceAll(HYPHENS, '-');
  return foldSpace(letters.replaceAll(NOT_KEPT, ' ').normalize('NFC')).replaceAll(/-+/g, '-');
}

/** A letter without its marks or ligature, as far as it is Latin; they follow it, and go later. Wide digits, too. */
function toPlainLatin(character: string): string {
  const plain = character.normalize('NFKD');
  return LATIN_OR_DIGIT.test(plain) ? plain : character;
}
