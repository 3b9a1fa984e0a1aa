import { resolve } from 'node:path';
import type { z } from 'zod';
import { camelOf, flagsOf } from './flags.js';
import { mergeSettings, type Loaded } from './load.js';
import { formatPath, problemsError, unknownKeyProblem } from './problems.js';
import type { Entry, SourceEntries } from './sources.js';

/** Options as a program gives them: by the names of the flags in camelCase, `config` among them. */
export type ProgramOptions = Readonly<Record<string, unknown>>;

/** The name that each option of a schema has in a program: `scoreThreshold`, and `device` for the flag --device. */
export function optionNamesOf(schema: z.ZodObject): Map<string, string> {
  return new Map(flagsOf(schema).map(({ key, name }) => [camelOf(name.replaceAll('-', '_')), key]));
}

/**
 * The settings of a program: its options, then those of the config file that it names, then the defaults. Neither the
 * environment nor a config file in the working folder counts, so that a call does the same everywhere.
 *
 * @param leftOut - Names of options that are about a command's output.
 * @throws PreannotateError CONFIG_INVALID with a line for each problem, naming the option
 */
export async function loadOptions<Schema extends z.ZodObject>(
  schema: Schema,
  { config, ...options }: ProgramOptions,
  leftOut: readonly string[] = [],
): Promise<Loaded<Schema>> {
  const cwd = process.cwd();
  const names = optionNamesOf(schema);
  for (const name of leftOut) names.delete(name);
  if (config !== undefined && typeof config !== 'string') {
    throw problemsError('CONFIG_INVALID', [{ message: 'config must be the path of a YAML file.' }]);
  }
  const configPath = config === undefined ? undefined : resolve(cwd, config);
  return await mergeSettings(schema, { stated: [readOptions(options, names)], configPath, cwd });
}

/** An option that is undefined counts as not given. */
function readOptions(options: ProgramOptions, names: ReadonlyMap<string, string>): SourceEntries {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const known = [...names.keys()];
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
