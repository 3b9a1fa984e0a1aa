import { Option, type Command } from 'commander';
import type { z } from 'zod';
import { OPTION_GROUPS, type OptionGroup } from '../config/options/meta.js';
import { loadSettings, type Loaded } from '../config/load.js';
import { useJsonLog } from '../progress/log.js';
import { flagsOf, type Flag } from '../config/flags.js';
import { addHelpFlags } from './help.js';
import { throwUsageErrors } from './usage/usage-errors.js';

const GROUPS = Object.keys(OPTION_GROUPS);

/**
 * Gives a command the flags of its options, and --config. Values stay text until the schema reads them, together with
 * those of the environment and the config file. Usage errors are thrown as PreannotateError USAGE.
 */
export function addFlags(command: Command, schema: z.ZodObject): Command {
  const config = new Option('--config <file>', 'Settings for all options (default: ./preannotate.yaml, if it exists)');
  return addOptions(command, schema, [config]);
}

/** Like {@link addFlags}, for a command that reads no config file. */
export function addOwnFlags(command: Command, schema: z.ZodObject): Command {
  return addOptions(command, schema, []);
}

/** Options are listed by group, and within one those that matter first come first. */
function addOptions(command: Command, schema: z.ZodObject, others: readonly Option[]): Command {
  const rankOf = ({ group, basic }: Flag) => GROUPS.indexOf(group) * 2 + (basic ? 0 : 1);
  const flags = flagsOf(schema).sort((a, b) => rankOf(a) - rankOf(b));
  const isGrouped = flags.some(({ group }) => group !== 'other');
  const headingOf = (group: OptionGroup) => (isGrouped ? `${OPTION_GROUPS[group]}:` : 'Options:');
  for (const flag of flags) {
    for (const option of commanderOptionsOf(flag)) command.addOption(option.helpGroup(headingOf(flag.group)));
  }
  for (const option of others) command.addOption(option.helpGroup(headingOf('other')));
  addHelpFlags(command, flags, headingOf('other'));
  return throwUsageErrors(command);
}

/**
 * The settings of a command, from its flags, the environment and the config file. What is printed on stderr has the
 * form that they ask for from here on; before, that of {@link asksForJson}.
 */
export async function loadCommand<Schema extends z.ZodObject>(
  command: Command,
  schema: Schema,
): Promise<Loaded<Schema>> {
  const flags = readGivenFlags(command, schema);
  const loaded = await loadSettings({ schema, flags, environment: process.env, cwd: process.cwd() });
  const { logFormat, progress } = loaded.settings as { logFormat?: 'text' | 'json'; progress?: string };
  useJsonLog((logFormat ?? (progress === 'json' ? 'json' : 'text')) === 'json');
  return loaded;
}

/** The flags that were given on the command line, by key as in the schema, as text; and `config`. */
export function readGivenFlags(command: Command, schema: z.ZodObject): Record<string, unknown> {
  const keys = new Map(flagsOf(schema).map((flag) => [commanderOptionsOf(flag)[0]!.attributeName(), flag.key]));
  const given = Object.entries(command.opts()).filter(([name]) => command.getOptionValueSource(name) === 'cli');
  return Object.fromEntries(given.map(([name, value]) => [keys.get(name) ?? name, value as unknown]));
}

/** An option of commander that was made from one of ours. */
export class FlagOption extends Option {
  readonly flag: Flag;

  constructor(flags: string, description: string, flag: Flag) {
    super(flags, description);
    this.flag = flag;
  }
}

/** The flag, and the one that turns it off, if there is one. */
function commanderOptionsOf(flag: Flag): Option[] {
  const { name, short, placeholder, optionalValue, repeatable, negation, description } = flag;
  const value = placeholder === undefined ? '' : optionalValue ? ` [${placeholder}]` : ` <${placeholder}>`;
  const option = new FlagOption(`${short === undefined ? '' : `-${short}, `}--${name}${value}`, description, flag);
  if (repeatable) option.argParser((text: string, earlier: string[] | undefined) => [...(earlier ?? []), text]);
  return negation === undefined ? [option] : [option, new Option(`--no-${name}`, negation)];
}
