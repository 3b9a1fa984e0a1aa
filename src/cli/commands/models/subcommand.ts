import { Command } from 'commander';
import type { z } from 'zod';
import type { Settings } from '../../../config/load.js';
import type { ModelsConfig } from '../../../config/schema.js';
import { readHubEnvironment } from '../../../hub/environment.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';

/** A command under `preannotate models`. */
export interface Subcommand<Schema extends z.ZodObject> {
  readonly name: string;
  readonly alias?: string;
  readonly argument?: string; // in commander's notation
  readonly description: string;
  readonly examples: readonly string[];
  readonly schema: Schema;
  readonly action: (reference: string | undefined, context: ModelsContext<Schema>) => Promise<void>;
}

/** What a command under `preannotate models` works with. */
export interface ModelsContext<Schema extends z.ZodObject = typeof ModelsConfig> {
  readonly settings: Settings<Schema>;
  readonly environment: ReturnType<typeof readHubEnvironment>;
}

const REFERENCE: Reference = { environment: ['hub'] };

export function buildSubcommand<Schema extends z.ZodObject>(subcommand: Subcommand<Schema>): Command {
  const { name, alias, argument, description, examples, schema, action } = subcommand;
  const command = new Command(name).description(description);
  if (alias !== undefined) command.alias(alias);
  if (argument !== undefined) command.argument(argument, 'org/name, org/name@revision, builtin:emoji or a folder');
  command.action(async (...given: unknown[]) => {
    const reference = argument !== undefined && typeof given[0] === 'string' ? given[0] : undefined;
    const { settings } = await loadCommand(command, schema);
    await action(reference, { settings, environment: readHubEnvironment(process.env) });
  });
  const lines = examples.map((line) => `  preannotate ${line}`);
  return addHelpNotes(addFlags(command, schema), `\nExamples:\n${lines.join('\n')}`, REFERENCE);
}
