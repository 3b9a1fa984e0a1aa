import type { Command } from 'commander';
import { addGroupHelp, addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';
import { throwUsageErrors } from '../../usage/usage-errors.js';
import { infoCommand } from './info.js';
import { removeCommand } from './remove.js';
import { buildFeaturesSubcommand } from './subcommand.js';
import { verifyCommand } from './verify.js';

const EXAMPLES = `
Examples:
  preannotate features info features
  preannotate features verify features --fix
  preannotate features rm features --older-than 30d

A folder of features is made by preannotate run --features <dir>. Other folders are refused.`;

const REFERENCE: Reference = { exits: { 3: 'a file cannot be used, or could not be removed' } };

export function defineFeatures(command: Command): Command {
  addHelpNotes(addGroupHelp(command), EXAMPLES, REFERENCE);
  command.addCommand(buildFeaturesSubcommand(infoCommand));
  command.addCommand(buildFeaturesSubcommand(verifyCommand));
  command.addCommand(buildFeaturesSubcommand(removeCommand));
  return throwUsageErrors(command);
}
