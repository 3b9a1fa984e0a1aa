import type { Command } from 'commander';
import { throwUsageErrors } from '../usage/usage-errors.js';
import { addGroupHelp, addHelpNotes } from '../help.js';
import type { Reference } from '../help-reference.js';
import { infoCommand } from './models/info.js';
import { listCommand } from './models/list.js';
import { pullCommand } from './models/pull.js';
import { removeCommand } from './models/remove.js';
import { buildSubcommand } from './models/subcommand.js';
import { verifyCommand } from './models/verify.js';

const EXAMPLES = `
Examples:
  preannotate models list
  preannotate models pull google/owlv2-base-patch16-ensemble
  preannotate models verify
`;

const REFERENCE: Reference = { environment: ['hub'] };

export function defineModels(command: Command): Command {
  addHelpNotes(addGroupHelp(command), EXAMPLES, REFERENCE);
  command.addCommand(buildSubcommand(listCommand));
  command.addCommand(buildSubcommand(pullCommand));
  command.addCommand(buildSubcommand(infoCommand));
  command.addCommand(buildSubcommand(verifyCommand));
  command.addCommand(buildSubcommand(removeCommand));
  return throwUsageErrors(command);
}
