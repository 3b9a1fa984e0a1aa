import { excerpt } from '../../core/text.js';

/** ASCII punctuation that Markdown, or HTML within it, could take for markup. A backslash before it is not shown. */
const MARKUP = /[\\`*_{}[\]()#!|~<>&$@]/g;

/** A text as it is to be shown, on one line: without control characters, and cut where it is very long. */
export function escapeMarkdown(text: string): string {
  return excerpt(text.replaceAll(/\p{Cc}/gu, ' ')).replaceAll(MARKUP, String.raw`\$&`);
}

/** A table of texts, of which the first row is the heading. Numbers are to the right of their columns. */
export function markdownTable([heading = [], ...rows]: readonly (readonly string[])[]): string {
  const lineOf = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |\n`;
  const rule = heading.map((_, column) => (column === 0 ? '---' : '---:'));
  return `${lineOf(heading)}| ${rule.join(' | ')} |\n${rows.map(lineOf).join('')}`;
}

/** Lines of text, as a paragraph. */
export function markdownParagraph(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.map(escapeLine).join('  \n')}\n`;
}

/** Longer than a name: a whole sentence. */
function escapeLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').replaceAll(MARKUP, String.raw`\$&`);
}
