/** Characters that mean something in a pattern, as far as names of files have them. */
const SPECIAL = /[()[\]{}!+@*?\\]/g;

/** Whether a text means anything else as a pattern than as a path. */
export function isPattern(text: string): boolean {
  return /[*?[\]{}]|[@!+]\(|\([^()]*\|[^()]*\)/.test(text);
}

/** A pattern that matches this text alone. */
export function escapePattern(text: string): string {
  return text.replaceAll(SPECIAL, '\\$&');
}

/** A pattern in which brackets, braces and parentheses stand for themselves, and `*` and `?` for any characters. */
export function escapeBrackets(text: string): string {
  return text.replaceAll(/\\?[()[\]{}!+@]/g, (found) => (found.startsWith('\\') ? found : `\\${found}`));
}

/**
 * The spelling that micromatch understands as people mean it: `(1)` is no group, and `[!a]` means any character but a,
 * as in a shell.
 */
export function toMicromatch(pattern: string): string {
  return pattern.replaceAll(/(?<![\\@!+*?])\(([^()|\\]*)\)/g, '\\($1\\)').replaceAll(/(?<!\\)\[!(?=[^\]]+\])/g, '[^');
}

/** On Windows, a backslash separates folders, except before a character that it can escape there. */
export function toForwardSlashes(text: string, separator: string): string {
  return separator === '\\' ? text.replaceAll(/\\(?![()[\]{}!+@])/g, '/') : text;
}

/** Removes `.` and empty segments, and each `..` with the segment that it leaves. A slash at the end stays. */
export function tidy(path: string): string {
  const isAbsolute = path.startsWith('/');
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..' && kept.length > 0 && !/^(?:\.\.|.*[*?[{(].*)$/.test(kept.at(-1)!)) kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  const end = path.endsWith('/') && kept.length > 0 ? '/' : '';
  return `${isAbsolute ? '/' : ''}${kept.join('/')}${end}`;
}

/** The parts of a list: commas in braces, brackets and parentheses, and escaped ones, separate nothing. */
export function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '\\') i++;
    else if ('([{'.includes(character)) depth++;
    else if (')]}'.includes(character)) depth = Math.max(0, depth - 1);
    else if (character === ',' && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '');
}
