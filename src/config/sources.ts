import type { z } from 'zod';
import { findNearest } from '../disk/nearest.js';
import { formatPath, unknownKeyProblem, type ConfigProblem } from './problems.js';
import { flagsOf, listNames, optionsOf, variableOf, listVariables } from './flags.js';
import { AnyConfig, FileConfig } from './schema.js';
import type { YamlFile, YamlPath } from './yaml.js';

/** Where a value came from; an earlier one of these takes precedence over a later one. */
export type Origin = 'flag' | 'environment' | 'config' | 'default';

/** A value as one source states it, not yet parsed. */
export interface Entry {
  readonly key: string; // in the schema
  readonly value: unknown;
  readonly origin: Origin;
  readonly subject: (rest: YamlPath) => string; // how a sentence about it, or a part of it, begins
}

const FILE_KEYS = Object.keys(FileConfig.shape);

/** The schema's key for each name that an option has. */
const KEYS = new Map(
  optionsOf(AnyConfig).flatMap(([key, option]) => listNames(key, option).map((name) => [name, key] as const)),
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** The values that one source states, and what is wrong with it. */
export interface SourceEntries {
  readonly entries: readonly Entry[];
  readonly problems: readonly ConfigProblem[];
}

/** @param flags - By key, only those that were given. */
export function readFlags(schema: z.ZodObject, flags: Readonly<Record<string, unknown>>): SourceEntries {
  const given = flagsOf(schema).filter(({ key }) => flags[key] !== undefined);
  const entries = given.map(({ key, name }): Entry => {
    return {
      key,
      value: flags[key],
      origin: 'flag',
      subject: () => (flags[key] === false ? `--no-${name}` : `--${name}`),
    };
  });
  return { entries, problems: [] };
}

/** Variables that are set to nothing count as not set, as a CI job's often are. */
export function readEnvironment(schema: z.ZodObject, environment: Environment): SourceEntries {
  const entries = optionsOf(schema).flatMap(([key, option]): Entry[] => {
    const variable = listVariables(key, option).find((name) => environment[name]);
    if (variable === undefined || !FILE_KEYS.includes(key)) return [];
    return [{ key, value: environment[variable], origin: 'environment', subject: () => variable }];
  });
  return { entries, problems: checkVariables(environment) };
}

/** One file serves all commands, so it can hold options of any of them. */
export function readConfigFile(file: YamlFile): SourceEntries {
  const { value, where } = file;
  if (value === null) return { entries: [], problems: [] };
  if (typeof value !== 'object' || Array.isArray(value)) {
    const advice = 'Write settings as "key: value", one to a line.';
    return { entries: [], problems: [{ message: `${where([])}: the file is not a mapping of settings.`, advice }] };
  }
  const entries = new Map<string, Entry>();
  const problems: ConfigProblem[] = [];
  for (const [written, stated] of Object.entries(value)) {
    const key = KEYS.get(written) ?? written;
    const problem = checkKey(written, file) ?? (entries.has(key) ? sameSettingProblem(written, key, file) : undefined);
    const subject = (rest: YamlPath) => `${where([written, ...rest])}: ${formatPath([written, ...rest])}`;
    if (problem === undefined) entries.set(key, { key, value: stated, origin: 'config', subject });
    else problems.push(problem);
  }
  return { entries: [...entries.values()], problems };
}

function checkKey(key: string, { name, where }: YamlFile): ConfigProblem | undefined {
  if (FILE_KEYS.includes(key)) return undefined;
  const whereKey = where([key], 'key');
  if (KEYS.has(key)) return { message: `${whereKey}: ${key} cannot be set in ${name}.`, advice: adviseFlag(key) };
  return unknownKeyProblem({ where: whereKey, key, known: FILE_KEYS });
}

/** A key and its alias in one file; that a key is there twice is found by the YAML parser. */
function sameSettingProblem(written: string, key: string, { where }: YamlFile): ConfigProblem {
  const names = [...KEYS].filter(([, main]) => main === key).map(([name]) => name);
  return {
    message: `${where([written], 'key')}: ${names.join(' and ')} are the same setting.`,
    advice: 'Keep one of them.',
  };
}

/** Variables of other programs may have the same prefix, so only those that look like a typing error are rejected. */
function checkVariables(environment: Environment): ConfigProblem[] {
  const known = [...FILE_KEYS, 'config'];
  const prefix = variableOf('');
  const names = Object.keys(environment).filter((name) => name.startsWith(prefix) && environment[name]);
  return names.flatMap((name): ConfigProblem[] => {
    const key = name.slice(prefix.length).toLowerCase();
    if (known.includes(key)) return [];
    if (KEYS.has(key))
      return [{ message: `${name}: ${key} cannot be set in the environment.`, advice: adviseFlag(key) }];
    const meant = findNearest(key, known);
    return meant === undefined
      ? []
      : [{ message: `Unknown variable ${name}.`, advice: `Did you mean "${variableOf(meant)}"?` }];
  });
}

function adviseFlag(key: string): string {
  return `Give --${key.replaceAll('_', '-')} on the command line instead.`;
}
