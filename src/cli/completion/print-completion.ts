import { printable } from '../../core/text.js';
import type { ListedCommand } from '../listed-command.js';
import { complete } from './complete.js';

/** Descriptions are shown beside words, in one line. */
const MAX_DESCRIPTION = 70;

/**
 * Answers a script of `preannotate completion`: a line for each candidate, with a tab before its description, then a
 * line with a colon and what the shell adds.
 */
export async function printCompletion(words: readonly string[], commands: readonly ListedCommand[]): Promise<void> {
  const { candidates, others } = await complete(words, commands);
  const lines = candidates.map(({ word, description = '' }) => `${printable(word)}\t${shorten(description)}\n`);
  process.stdout.write(`${lines.join('')}:${others}\n`);
}

function shorten(description: string): string {
  const [first = ''] = description.split(/[:;(]|\. /, 1);
  const text = first.trim().replace(/\.$/, '');
  return text.length <= MAX_DESCRIPTION ? text : `${text.slice(0, MAX_DESCRIPTION - 1).trimEnd()}…`;
}
