import { jsonTokenizer } from './json-tokens.js';

const PIECE = 32; // characters; of those before a mistake, so many are not looked at

/**
 * Where JSON has values: `images`, `images[]`, `images[].file_name`; in a list of objects, `[].image_id`. Where each
 * line is a value, those of all lines.
 *
 * @param text - The start of a file; what cannot be parsed ends the search.
 */
export function jsonPathsIn(text: string): ReadonlySet<string> {
  const paths = new Set<string>();
  const parents: string[] = [];
  let path = '';
  const tokenize = jsonTokenizer({ isLines: true });
  try {
    for (let at = 0; at < text.length; at += PIECE) {
      for (const token of tokenize(text.slice(at, at + PIECE))) {
        if (token.name === 'keyValue') {
          const parent = parents.at(-1)!;
          path = parent === '' ? token.value : `${parent}.${token.value}`;
          paths.add(path);
        } else if (token.name === 'startObject') parents.push(path);
        else if (token.name === 'startArray') {
          parents.push(path);
          path += '[]';
          paths.add(path);
        } else if (token.name === 'endObject' || token.name === 'endArray') path = parents.pop()!;
      }
    }
  } catch {
    // Not JSON, or JSON up to here: what was found counts.
  }
  return paths;
}
