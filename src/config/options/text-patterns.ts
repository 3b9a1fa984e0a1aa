/**
 * What text may stand for a value of another type, as patterns for editors. They agree with the readers in `values.ts`,
 * except that numbers with exponents are left to those.
 */

/** Words for on and off. */
export const ON = ['true', 'yes', 'on', '1'];
export const OFF = ['false', 'no', 'off', '0'];

/** JSON Schema of a text that is one of the parts, with white space around it. */
export function textOf(...parts: string[]): { readonly type: 'string'; readonly pattern: string } {
  return { type: 'string', pattern: `^\\s*(?:${parts.join('|')})\\s*$` };
}

/** Part of a pattern: parts separated by commas. */
export function listOf(part: string): string {
  return `(?:${part})(?:\\s*,\\s*(?:${part}))*`;
}

/** Part of a pattern: any of the words, in upper or lower case. */
export function anyCase(words: readonly string[]): string {
  const letter = (one: string) => (one.toUpperCase() === one ? one : `[${one}${one.toUpperCase()}]`);
  return words.map((word) => Array.from(word, letter).join('')).join('|');
}

/** Part of a pattern: a whole number from least to most, both at least 0. */
export function wholeNumber(least: number, most: number): string {
  return `\\+?0*(?:${digits(least, most)})(?:\\.0*)?`;
}

/** Part of a pattern: a number from least to most, which are whole and at least 0. */
export function decimal(least: number, most: number): string {
  const parts = [`(?:${digits(most, most)})(?:\\.0*)?`];
  if (most > least) parts.push(`(?:${digits(least, most - 1)})(?:\\.\\d*)?`);
  if (least === 0) parts.push('\\.\\d+');
  return `\\+?0*(?:${parts.join('|')})`;
}

function digits(least: number, most: number): string {
  const parts: string[] = [];
  for (let length = String(least).length; length <= String(most).length; length++) {
    const low = Math.max(least, length === 1 ? 0 : 10 ** (length - 1));
    parts.push(sameLength(String(low), String(Math.min(most, 10 ** length - 1))));
  }
  return parts.join('|');
}

/** Digits from low to high, of one length. */
function sameLength(low: string, high: string): string {
  if (low === high) return low;
  const [first, last] = [Number(low[0]), Number(high[0])];
  const rest = low.length - 1;
  if (rest === 0) return `[${first}-${last}]`;
  if (first === last) return `${first}(?:${sameLength(low.slice(1), high.slice(1))})`;
  const isLowRound = /^0+$/.test(low.slice(1));
  const isHighRound = /^9+$/.test(high.slice(1));
  const [from, to] = [isLowRound ? first : first + 1, isHighRound ? last : last - 1];
  return [
    ...(isLowRound ? [] : [`${first}(?:${sameLength(low.slice(1), '9'.repeat(rest))})`]),
    ...(from <= to ? [`[${from}-${to}]\\d{${rest}}`] : []),
    ...(isHighRound ? [] : [`${last}(?:${sameLength('0'.repeat(rest), high.slice(1))})`]),
  ].join('|');
}
