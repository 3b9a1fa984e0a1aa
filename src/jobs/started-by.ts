import type { Loaded } from '../config/load.js';
import { optionNamesOf, type ProgramOptions } from '../config/program-options.js';
import { RunConfig } from '../config/schema.js';
import { readEnvironment } from '../config/sources.js';
import { areRemote } from '../images/remote/discover-remote.js';
import type { Job } from '../job.js';

type StartedBy = Pick<Job, 'startedBy'>;

/** How a command starts a run, where it can be started again like that. */
export function startedBy(
  paths: readonly string[],
  loaded: Loaded<typeof RunConfig>,
  flags: Readonly<Record<string, unknown>>,
): StartedBy {
  if (!canStartAgain(paths, loaded)) return {};
  const { entries } = readEnvironment(RunConfig, process.env);
  const config = process.env['PREANNOTATE_CONFIG'];
  const environment = [
    ...entries.map(({ subject, value }) => [subject([]), String(value)] as const),
    ...(config === undefined ? [] : [['PREANNOTATE_CONFIG', config] as const]),
  ];
  const command = { cwd: process.cwd(), paths: [...paths], flags, environment: Object.fromEntries(environment) };
  return { startedBy: command };
}

/** The same of a program, whose environment does not count. */
export function startedByProgram(
  paths: readonly string[],
  loaded: Loaded<typeof RunConfig>,
  options: ProgramOptions,
): StartedBy {
  if (!canStartAgain(paths, loaded)) return {};
  const keys = optionNamesOf(RunConfig);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const flags = Object.fromEntries(given.map(([name, value]) => [keys.get(name) ?? name, value]));
  return { startedBy: { cwd: process.cwd(), paths: [...paths], flags, environment: {}, by_program: true } };
}

/** Not with addresses, which may hold secrets, and not where only a part was annotated. */
function canStartAgain(paths: readonly string[], { settings }: Loaded<typeof RunConfig>): boolean {
  const { queue, shard, watch, retryFailed } = settings;
  return queue === undefined && shard === undefined && !watch && !retryFailed && !areRemote(paths);
}
