import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { findNearest } from '../../disk/nearest.js';
import { formatCommandPath } from '../help.js';
import { findOurCommand } from './other-tools.js';

/** What to do about a command that does not exist below `preannotate` or `preannotate models`. */
export function adviseCommand(word: string, parent: Command): string {
  const [program = ''] = formatCommandPath(parent).split(' ');
  const names = parent.commands.flatMap((command) => [command.name(), ...command.aliases()]);
  const ours = findOurCommand(word, parent.name());
  const nearest = ours === undefined ? findNearest(word, names) : undefined;
  if (ours !== undefined) return `Did you mean ${program} ${ours}?`;
  if (nearest !== undefined) return `Did you mean ${formatCommandPath(parent)} ${nearest}?`;
  if (parent.parent === null && existsSync(word)) return `Did you mean ${program} run ${word}?`;
  return `See ${formatCommandPath(parent)} --help.`;
}
