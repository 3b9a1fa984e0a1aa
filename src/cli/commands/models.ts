import type { Command } from 'commander';
import { throwUsageErrors } from '../usage/usage-errors.js';
import { addHelpNotes } from '../help.js';
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

Models come from the Hugging Face Hub and are kept in the cache of Python's huggingface_hub, which both share.
Environment variables: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY.`;

export function defineModels(command: Command): Command {
  addHelpNotes(command, EXAMPLES);
  command.addCommand(buildSubcommand(listCommand));
  command.addCommand(buildSubcommand(pullCommand));
  command.addCommand(buildSubcommand(infoCommand));
  command.addCommand(buildSubcommand(verifyCommand));
  command.addCommand(buildSubcommand(removeCommand));
  return throwUsageErrors(command);
}
