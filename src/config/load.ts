import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { PreannotateError } from '../core/errors.js';
import { displayPath } from '../disk/display-path.js';
import { findConflicts, findOverruled, type MergedSettings } from './conflicts.js';
import type { OntologySource } from './ontology/load-ontology.js';
import { locateOntology } from './ontology/shipped.js';
import { choicesOf } from './choices.js';
import { describeIssues, formatPath, problemsError, type ConfigProblem } from './problems.js';
import { camelOf, optionsOf, variableOf, type Camel } from './flags.js';
import { AnyConfig, type EngineConfig } from './schema.js';
import { metaOf } from './options/meta.js';
import {
  readEnvironment,
  readConfigFile,
  readFlags,
  type Entry,
  type Environment,
  type Origin,
  type SourceEntries,
} from './sources.js';
import { PART_NAMES } from '../core/data-set/split.js';
import { TILE_KEYS } from './options/tiles.js';
import { readYaml, type YamlFile } from './yaml.js';

/** Of these the one that lies in the working folder is read. */
export const CONFIG_NAMES = ['preannotate.yaml', 'preannotate.yml'];

/** A command's options as the code uses them: `scoreThreshold` for `score_threshold`. */
export type Settings<Schema extends z.ZodObject> = {
  readonly [Key in keyof z.output<Schema> as Camel<Key>]: z.output<Schema>[Key];
};

type Values = Record<string, unknown>; // by key, as users type it

/** Settings, where each came from, and the config file that was read, if any. */
export interface Loaded<Schema extends z.ZodObject> {
  readonly settings: Settings<Schema>;
  readonly given: { readonly [Key in keyof Settings<Schema>]-?: Origin };
  readonly nameOf: (key: string) => string; // as the source that set it calls it: --nms-iou, or PREANNOTATE_NMS_IOU
  readonly cwd: string; // that relative paths were relative to, but for those of the config file
  readonly configFile?: YamlFile & { readonly path: string };
}

export interface LoadRequest<Schema extends z.ZodObject> {
  readonly schema: Schema;
  readonly flags: Readonly<Record<string, unknown>>; // by key as in the schema, and `config`; only those given
  readonly environment: Environment;
  readonly cwd: string; // absolute
}

/**
 * Merges flag > environment > config file > default, and reads the result once. Paths come back absolute; those in a
 * config file are relative to it.
 *
 * @throws PreannotateError CONFIG_INVALID with a line for each problem, naming the flag, the variable, or file, line
 * and column.
 */
export async function loadSettings<Schema extends z.ZodObject>(request: LoadRequest<Schema>): Promise<Loaded<Schema>> {
  const { schema, flags, environment, cwd } = request;
  const stated = [readEnvironment(schema, environment), readFlags(schema, flags)];
  return await mergeSettings(schema, { stated, configPath: findConfigFile(request), cwd });
}

/** Where settings come from. */
interface StatedSettings {
  readonly stated: readonly SourceEntries[]; // the last one takes precedence
  readonly configPath: string | undefined; // of the file whose settings all others precede; absolute
  readonly cwd: string; // absolute
}

/** Reads the settings of all sources once. @throws PreannotateError CONFIG_INVALID */
export async function mergeSettings<Schema extends z.ZodObject>(
  schema: Schema,
  { stated, configPath, cwd }: StatedSettings,
): Promise<Loaded<Schema>> {
  const file =
    configPath && (await readYaml(configPath, { name: displayPath(configPath, cwd), code: 'CONFIG_INVALID' }));
  const sources = [...(file ? [readConfigFile(file)] : []), ...stated];
  const problems = sources.flatMap((source) => source.problems);
  // the last one wins
  const entries = new Map(sources.flatMap((source) => source.entries.map((entry) => [entry.key, entry])));
  const values = parseEntries(schema, entries, problems);
  resolveConflicts(schema, values, entries);
  resolvePaths(values, entries, { cwd, config: dirname(configPath ?? join(cwd, CONFIG_NAMES[0]!)) });
  const nameOf = (key: string) => entries.get(key)?.subject([]) ?? key;
  return {
    ...toSettings(schema, values, entries),
    nameOf,
    cwd,
    ...(file ? { configFile: { ...file, path: configPath } } : {}),
  };
}

/** Some of the settings; one that is not set is left out. */
export function pickSettings<All extends object, Key extends keyof All>(
  settings: All,
  keys: readonly Key[],
): { [Each in keyof Pick<All, Key>]: Exclude<All[Each], undefined> } {
  const set = keys.filter((key) => Object.hasOwn(settings, key));
  return Object.fromEntries(set.map((key) => [key, settings[key]])) as ReturnType<typeof pickSettings<All, Key>>;
}

/** What to look for: the --class flags, else the ontology's file or mapping. @returns undefined when neither is set */
export function findOntologySource({
  settings,
  given,
  cwd,
  configFile,
}: Loaded<EngineConfig>): OntologySource | undefined {
  const { class: classes, ontology } = settings;
  if (classes !== undefined) return { classes };
  if (typeof ontology === 'string') return { file: ontology };
  if (ontology !== undefined && given.ontology === 'flag') return ontologyOfProgram(ontology, cwd);
  if (ontology !== undefined && configFile !== undefined) {
    const { name, path: configPath, where, spelled } = configFile;
    return {
      mapping: ontology,
      file: name,
      folder: dirname(configPath),
      where: (path, part) => where(['ontology', ...path], part),
      spelled: (path) => spelled(['ontology', ...path]),
    };
  }
  return undefined;
}

/** An ontology that a program gives as it would be in a file. Its examples are relative to its working folder. */
export function ontologyOfProgram(mapping: unknown, folder = process.cwd()): OntologySource {
  const where = (path: readonly PropertyKey[]) => formatPath(['ontology', ...path]);
  return { mapping, file: 'ontology', folder, where };
}

/** @throws PreannotateError USAGE when it is not known what to look for. */
export function requireOntologySource(loaded: Loaded<EngineConfig>): OntologySource {
  const source = findOntologySource(loaded);
  if (source !== undefined) return source;
  throw new PreannotateError({
    code: 'USAGE',
    message: 'There is no ontology, so it is not known what to find.',
    hint:
      "Give --ontology <file or name>, or --class 'bottle=a bottle,glass bottle', or set ontology in " +
      'preannotate.yaml.',
  });
}

/**
 * The config file asked for, else the one that lies in the working folder; not one above it, which would surprise in
 * CI.
 */
function findConfigFile({ flags, environment, cwd }: LoadRequest<z.ZodObject>): string | undefined {
  const asked = flags['config'] ?? (environment[variableOf('config')] || undefined);
  if (typeof asked === 'string') return resolve(cwd, asked);
  const found = CONFIG_NAMES.map((name) => join(cwd, name)).filter((path) => existsSync(path));
  if (found.length < 2) return found[0];
  const problem = {
    message: `There are both ${CONFIG_NAMES.join(' and ')}.`,
    advice: 'Remove one, or name one with --config.',
  };
  throw problemsError('CONFIG_INVALID', [problem]);
}

/** A faster parser of a schema is not generated: that takes 10 ms and more, and pays for many values only. */
const PARSED_ONCE = { jitless: true };

/** Reads every value that was stated, those of other commands in the file too, and keeps the command's own. */
function parseEntries(
  schema: z.ZodObject,
  entries: ReadonlyMap<string, Entry>,
  problems: readonly ConfigProblem[],
): Values {
  const everything = z.strictObject({ ...AnyConfig.shape, ...schema.shape });
  const stated = Object.fromEntries([...entries.values()].map(({ key, value }) => [key, value]));
  const result = everything.safeParse(stated, { ...PARSED_ONCE, reportInput: true });
  const unreadable = result.success
    ? []
    : describeIssues(result.error, {
        subject: ([key, ...rest]) => entries.get(String(key))!.subject(rest),
        whereKey: ([key, ...rest]) => entries.get(String(key))!.subject(rest),
        knownKeys: ([key]) => (key === 'tiles' ? TILE_KEYS : key === 'split' ? PART_NAMES : []),
        words: ([key]) => choicesOf((everything.shape as z.ZodRawShape)[String(key)]!)?.words ?? [],
      });
  if (!result.success || problems.length > 0) throw problemsError('CONFIG_INVALID', [...problems, ...unreadable]);
  return Object.fromEntries(Object.entries(result.data).filter(([key]) => key in schema.shape));
}

/** Puts options that a stronger source overrules back to their defaults. @throws PreannotateError CONFIG_INVALID */
function resolveConflicts(schema: z.ZodObject, values: Values, entries: Map<string, Entry>): void {
  const merged: MergedSettings = {
    values,
    originOf: (key) => entries.get(key)?.origin ?? 'default',
    nameOf: (key) => entries.get(key)?.subject([]) ?? key,
  };
  const defaults = schema.parse({}, PARSED_ONCE);
  for (const key of findOverruled(merged)) {
    entries.delete(key);
    values[key] = defaults[key];
  }
  const problems = findConflicts(merged);
  if (problems.length > 0) throw problemsError('CONFIG_INVALID', problems);
}

/** Makes paths absolute. A model is a path only when it begins with a dot; else it may be the name of one. */
function resolvePaths(
  values: Values,
  entries: ReadonlyMap<string, Entry>,
  folders: { cwd: string; config: string },
): void {
  for (const [key, option] of optionsOf(AnyConfig)) {
    const value = values[key];
    const { path } = metaOf(option);
    if (typeof value !== 'string' || path === undefined) continue;
    const folder = entries.get(key)?.origin === 'config' ? folders.config : folders.cwd;
    if (path === 'ontology') values[key] = locateOntology(value, folder);
    else if (path === 'always') values[key] = resolve(folder, value);
    else if (folder !== folders.cwd && /^\.\.?[/\\]/.test(value)) values[key] = resolve(folder, value);
  }
}

function toSettings<Schema extends z.ZodObject>(
  schema: Schema,
  values: Values,
  entries: ReadonlyMap<string, Entry>,
): Pick<Loaded<Schema>, 'settings' | 'given'> {
  const keys = Object.keys(schema.shape);
  const set = keys.filter((key) => values[key] !== undefined);
  return {
    settings: Object.fromEntries(set.map((key) => [camelOf(key), values[key]])) as Settings<Schema>,
    given: Object.fromEntries(
      keys.map((key) => [camelOf(key), entries.get(key)?.origin ?? 'default']),
    ) as Loaded<Schema>['given'],
  };
}
