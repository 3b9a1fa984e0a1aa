import { Command } from 'commander';
import type { z } from 'zod';
import { loadSettings, type Settings } from '../../config/load.js';
import { ModelsConfig, PullConfig } from '../../config/schema.js';
import { hubEnvironment } from '../../hub/environment.js';
import { addFlags, readGivenFlags, throwUsageErrors } from '../flags.js';
import { info, list } from './models-show.js';
import { pull, remove, verify } from './models-change.js';

const EXAMPLES = `
Examples:
  preannotate models list
  preannotate models pull google/owlv2-base-patch16-ensemble
  preannotate models verify

Models come from the Hugging Face Hub and are kept in the cache of Python's huggingface_hub: what one has fetched, the
other finds. Respected: HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HTTPS_PROXY, NO_PROXY.`;

/** One command below `models`. */
interface Part<Schema extends z.ZodObject> {
  readonly name: string;
  readonly argument?: string; // as commander writes it
  readonly description: string;
  readonly examples: readonly string[];
  readonly schema: Schema;
  readonly action: (reference: string | undefined, context: ModelsContext<Schema>) => Promise<void>;
}

/** What a command below `models` is told. */
export interface ModelsContext<Schema extends z.ZodObject = typeof ModelsConfig> {
  readonly settings: Settings<Schema>;
  readonly environment: ReturnType<typeof hubEnvironment>;
}

export function modelsCommand(): Command {
  const command = new Command('models')
    .description('List, fetch, check and remove models.')
    .addHelpText('after', EXAMPLES);
  for (const part of [partOf(LIST), partOf(PULL), partOf(INFO), partOf(VERIFY), partOf(REMOVE)])
    command.addCommand(part);
  return throwUsageErrors(command);
}

const LIST: Part<typeof ModelsConfig> = {
  name: 'list',
  description: 'List the models on this machine: the built-in one, and those in the cache that can be used.',
  examples: ['models list', 'models list --json'],
  schema: ModelsConfig,
  action: (_reference, context) => list(context),
};

const PULL: Part<typeof PullConfig> = {
  name: 'pull',
  argument: '<ref>',
  description:
    'Fetch a model, or what is new, missing or damaged of it. A branch is used as it was last pulled, so this is also how to update.',
  examples: ['models pull google/owlvit-base-patch32', 'models pull google/owlvit-base-patch32@refs/pr/4'],
  schema: PullConfig,
  action: (reference, context) => pull(reference!, context),
};

const INFO: Part<typeof ModelsConfig> = {
  name: 'info',
  argument: '<ref>',
  description: 'Show what a model on this machine is: type, sizes, weights, files and their hashes.',
  examples: ['models info builtin:emoji', 'models info google/owlvit-base-patch32 --json'],
  schema: ModelsConfig,
  action: (reference, context) => info(reference!, context),
};

const VERIFY: Part<typeof ModelsConfig> = {
  name: 'verify',
  argument: '[ref]',
  description:
    'Read every file of a model again, or of all, and compare with its hash. Exit code 2 when one is damaged.',
  examples: ['models verify', 'models verify google/owlvit-base-patch32'],
  schema: ModelsConfig,
  action: verify,
};

const REMOVE: Part<typeof ModelsConfig> = {
  name: 'rm',
  argument: '<ref>',
  description:
    'Remove a model from the cache, all its revisions, or with org/name@revision only that one. Does not ask.',
  examples: ['models rm google/owlvit-base-patch16', 'models rm google/owlvit-base-patch32@refs/pr/4'],
  schema: ModelsConfig,
  action: (reference, context) => remove(reference!, context),
};

function partOf<Schema extends z.ZodObject>(part: Part<Schema>): Command {
  const { name, argument, description, examples, schema, action } = part;
  const command = new Command(name).description(description);
  if (argument !== undefined) command.argument(argument, 'org/name, org/name@revision, builtin:emoji or a folder');
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  preannotate ${line}`).join('\n')}`);
  command.action(async (...given: unknown[]) => {
    const reference = argument !== undefined && typeof given[0] === 'string' ? given[0] : undefined;
    const flags = readGivenFlags(command, schema);
    const { settings } = await loadSettings({ schema, flags, environment: process.env, cwd: process.cwd() });
    await action(reference, { settings, environment: hubEnvironment(process.env) });
  });
  return addFlags(command, schema);
}
