import { resolve } from 'node:path';
import type { z } from 'zod';
import { camelOf, flagsOf } from './flags.js';
import { mergeSettings, type Loaded } from './load.js';
import { describeValue, formatPath, problemsError, unknownKeyProblem } from './problems.js';
import type { Entry, SourceEntries } from './sources.js';

/** Options as a program gives them: by the names of the flags in camelCase, `config` among them. */
export type ProgramOptions = Readonly<Record<string, unknown>>;

/** Names of options beside those of a schema. */
export interface OptionNames {
  readonly leftOut?: readonly string[]; // of the schema, that are about a command's output
  readonly ofCall?: readonly string[]; // that the call has read already, for suggestions
}

/** The name that each option of a schema has in a program: `scoreThreshold`, and `device` for the flag --device. */
export function optionNamesOf(schema: z.ZodObject): Map<string, string> {
  return new Map(flagsOf(schema).map(({ key, name }) => [camelOf(name.replaceAll('-', '_')), key]));
}

/**
 * The settings of a program: its options, then those of the config file that it names, then the defaults. Neither the
 * environment nor a config file in the working folder counts, so that a call does the same everywhere.
 *
 * @throws PreannotateError CONFIG_INVALID with a line for each problem, naming the option
 */
export async function loadOptions<Schema extends z.ZodObject>(
  schema: Schema,
  { config, ...options }: ProgramOptions,
  { leftOut = [], ofCall = [] }: OptionNames = {},
): Promise<Loaded<Schema>> {
  const cwd = process.cwd();
  const names = optionNamesOf(schema);
  for (const name of leftOut) names.delete(name);
  if (config !== undefined && (typeof config !== 'string' || config === '')) {
    const message = `config must be the path of a YAML file, not ${describeValue(config)}.`;
    throw problemsError('CONFIG_INVALID', [{ message }]);
  }
  const configPath = config === undefined ? undefined : resolve(cwd, config);
  return await mergeSettings(schema, { stated: [readOptions(options, names, ofCall)], configPath, cwd });
}

/** An option that is undefined counts as not given. */
function readOptions(
  options: ProgramOptions,
  names: ReadonlyMap<string, string>,
  ofCall: readonly string[],
): SourceEntries {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const known = [...ofCall, 'config', ...names.keys()];
  return {
    entries: given.flatMap(([name, value]): Entry[] => {
      const key = names.get(name);
      const subject = (rest: readonly PropertyKey[]) => formatPath([name, ...rest]);
      return key === undefined ? [] : [{ key, value, origin: 'flag', subject }];
    }),
    problems: given
      .filter(([name]) => !names.has(name))
      .map(([name]) => unknownKeyProblem({ where: 'options', key: name, known })),
  };
}
