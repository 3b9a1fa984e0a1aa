import { resolve } from 'node:path';
import { Command } from 'commander';
import type { z } from 'zod';
import type { Settings } from '../../../config/load.js';
import { addFlags, loadCommand } from '../../flags.js';
import { addHelpNotes } from '../../help.js';
import type { Reference } from '../../help-reference.js';

/** A command under `preannotate features`. */
export interface FeaturesSubcommand<Schema extends z.ZodObject> {
  readonly name: string;
  readonly alias?: string;
  readonly description: string;
  readonly notes: string; // below the options
  readonly schema: Schema;
  /** @param folder - Absolute. */
  readonly action: (folder: string, settings: Settings<Schema>) => Promise<void>;
}

const REFERENCE: Reference = { exits: { 3: 'a file cannot be used, or could not be removed' } };

export function buildFeaturesSubcommand<Schema extends z.ZodObject>(subcommand: FeaturesSubcommand<Schema>): Command {
  const { name, alias, description, notes, schema, action } = subcommand;
  const command = new Command(name).description(description);
  if (alias !== undefined) command.alias(alias);
  command.argument('<dir>', 'the folder that runs were given with --features');
  command.action(async (folder: string) => {
    const { settings } = await loadCommand(command, schema);
    await action(resolve(folder), settings);
  });
  return addHelpNotes(addFlags(command, schema), notes, REFERENCE);
}
