import { resolve } from 'node:path';
import { loadSettings, requireOntologySource, type Loaded } from '../../../config/load.js';
import { flagsOf } from '../../../config/flags.js';
import { isShippedFile } from '../../../config/ontology/shipped.js';
import { RunConfig } from '../../../config/schema.js';
import { readEnvironment } from '../../../config/sources.js';
import { quoteForShell } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';
import { areRemote } from '../../../images/remote/discover-remote.js';
import type { Job } from '../../../job.js';
import type { OntologyPlace, RunAgain, UpdateUse } from '../../../review/ask/run-again.js';
import { readRunCommand, type RunCommand } from '../../../run/again/run-command.js';

/** Options that are not repeated: the output folder is known, and the output is not shown. */
const LEFT_OUT = [
  'out',
  'restart',
  'retry_failed',
  'dry_run',
  'json',
  'quiet',
  'verbose',
  'summary',
  'junit',
  'max_runtime',
  'watch',
];

/** How a run is started, where it can be started again like that: not with addresses, which may hold secrets. */
export function startedBy(
  paths: readonly string[],
  { settings: { queue, shard, watch, retryFailed } }: Loaded<typeof RunConfig>,
  flags: Readonly<Record<string, unknown>>,
): Pick<Job, 'startedBy'> {
  if (queue !== undefined || shard !== undefined || watch || retryFailed || areRemote(paths)) return {};
  const { entries } = readEnvironment(RunConfig, process.env);
  const config = process.env['PREANNOTATE_CONFIG'];
  const environment = [
    ...entries.map(({ subject, value }) => [subject([]), String(value)] as const),
    ...(config === undefined ? [] : [['PREANNOTATE_CONFIG', config] as const]),
  ];
  const command = { cwd: process.cwd(), paths: [...paths], flags, environment: Object.fromEntries(environment) };
  return { startedBy: command };
}

/**
 * Finds how a run was started, and so where its ontology and its features are.
 *
 * @param outDir - Absolute.
 * @param features - Folder of features that is given now; else the run's.
 */
export async function openRunAgain(outDir: string, features?: string): Promise<RunAgain> {
  const command = await readRunCommand(outDir);
  const given = features === undefined ? {} : { featuresFolder: features };
  if (command === undefined) {
    const noFile = 'How this run was started is not known: an earlier version made it, or it was moved from elsewhere.';
    return { ...given, ontology: { noFile }, commandWith: () => undefined };
  }
  const loaded = await load(outDir, command, {}).catch(() => undefined); // such as a config file that is gone
  const stored = loaded?.settings.features;
  return {
    ...(stored === undefined ? {} : { featuresFolder: stored }),
    ...given,
    ontology:
      loaded === undefined ? { noFile: 'The config file of this run cannot be read any more.' } : placeOf(loaded),
    commandWith: (flags) => typed(command, { out: displayPath(outDir), ...flags }),
    update: (use) => update(outDir, command, use),
  };
}

async function update(outDir: string, command: RunCommand, { features, progress, signal }: UpdateUse): Promise<void> {
  const { folder, dtype } = features;
  const loaded = await load(outDir, command, { restart: true, features: folder, features_dtype: dtype });
  const { createRunJob } = await import('../../../jobs/run-job.js');
  const { annotate } = await import('../../../pipeline.js');
  await annotate({ ...(await createRunJob(toAbsolute(command), loaded)), startedBy: command }, progress, signal);
}

/** Paths of images are relative to where the command was given. */
function toAbsolute({ paths, cwd }: RunCommand): string[] {
  return cwd === process.cwd() ? paths : paths.map((path) => resolve(cwd, path));
}

function load(
  outDir: string,
  { flags, environment, cwd }: RunCommand,
  changed: Readonly<Record<string, unknown>>,
): Promise<Loaded<typeof RunConfig>> {
  const kept = Object.entries(flags).filter(([key]) => !LEFT_OUT.includes(key));
  const given = { ...Object.fromEntries(kept), out: outDir, ...changed };
  return loadSettings({ schema: RunConfig, flags: given, environment, cwd });
}

function placeOf(loaded: Loaded<typeof RunConfig>): OntologyPlace {
  const source = requireOntologySource(loaded);
  if ('classes' in source) return { noFile: 'The classes of this run were given by --class.' };
  if ('mapping' in source) return { noFile: `The ontology of this run is a part of ${source.file}.` };
  if (isShippedFile(source.file)) return { noFile: `${displayPath(source.file)} belongs to the package.` };
  return { file: source.file };
}

/** The command, to be copied. A relative path means what it meant where the command was given. */
function typed({ paths, flags, cwd }: RunCommand, changed: Readonly<Record<string, string | true>>): string {
  const names = new Map(flagsOf(RunConfig).map(({ key, name }) => [key, name]));
  const isOther = 'ontology' in changed; // classes of flags precede it
  const kept = Object.entries(flags).filter(
    ([key]) => !LEFT_OUT.includes(key) && !(key in changed) && !(isOther && key === 'class'),
  );
  const words = [...kept, ...Object.entries(changed)].flatMap(([key, value]) => {
    const flag = `--${names.get(key) ?? key}`;
    if (value === true) return [flag];
    if (value === false) return [`--no-${names.get(key) ?? key}`];
    return (Array.isArray(value) ? value : [value]).flatMap((one) => [flag, quoteForShell(String(one))]);
  });
  const command = ['preannotate', 'run', ...paths.map(quoteForShell), ...words].join(' ');
  return cwd === process.cwd() ? command : `cd ${quoteForShell(cwd)} && ${command}`;
}
