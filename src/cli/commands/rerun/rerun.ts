import { join, relative, resolve, sep } from 'node:path';
import { loadSettings, requireOntologySource, type Loaded } from '../../../config/load.js';
import { flagsOf } from '../../../config/flags.js';
import { isShippedFile } from '../../../config/ontology/shipped.js';
import { RunConfig } from '../../../config/schema.js';
import { readEnvironment } from '../../../config/sources.js';
import { quoteForShell } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';
import { areRemote } from '../../../images/remote/discover-remote.js';
import type { Job } from '../../../job.js';
import type { OntologyPlace, Rerun, UpdateUse } from '../../../review/ask/rerun.js';
import { readRunCommand, type RunCommand } from '../../../run/rerun/run-command.js';
import { expectedRoot, resolveRoot } from '../../../run/image-root.js';
import { readManifest } from '../../../run/manifest.js';
import { readHeader } from '../../../run/read-journal.js';

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

/** What of a run may be elsewhere now: absolute folders. */
interface MovedParts {
  readonly features?: string | undefined;
  readonly imagesRoot?: string | undefined;
}

/**
 * Finds how a run was started, and so where its ontology and its features are.
 *
 * @param outDir - Absolute.
 * @param now - Where things are now; else where the run had them.
 */
export async function openRerun(outDir: string, { features, imagesRoot }: MovedParts): Promise<Rerun> {
  const stored = await readRunCommand(outDir);
  const command = stored && imagesRoot !== undefined ? await withImagesIn(imagesRoot, outDir, stored) : stored;
  const given = features === undefined ? {} : { featuresFolder: features };
  if (command === undefined) {
    const noFile = 'How this run was started is not known: an earlier version made it, or it was moved from elsewhere.';
    return { ...given, ontology: { noFile }, commandWith: () => undefined };
  }
  const loaded = await load(outDir, command, {}).catch(() => undefined); // such as a config file that is gone
  const storedFeatures = loaded?.settings.features;
  return {
    ...(storedFeatures === undefined ? {} : { featuresFolder: storedFeatures }),
    ...given,
    ontology:
      loaded === undefined ? { noFile: 'The config file of this run cannot be read any more.' } : placeOf(loaded),
    commandWith: (flags) => typed(command, { out: displayPath(outDir), ...flags }),
    update: (use) => update(outDir, command, use),
  };
}

/** The command for images that were moved: paths below the folder where the run had them are below the new one. */
async function withImagesIn(imagesRoot: string, outDir: string, command: RunCommand): Promise<RunCommand> {
  const scope = (await readManifest(outDir).catch(() => undefined)) ?? (await readHeader(outDir))?.run;
  const root = scope?.root;
  if (root === undefined) return command;
  const places = [expectedRoot(outDir, { ...scope, root }), resolveRoot(outDir, { root })];
  const paths = command.paths.map((path) => {
    const before = resolve(command.cwd, path);
    const place = places.find((folder) => before === folder || before.startsWith(join(folder, sep)));
    return place === undefined ? path : join(imagesRoot, relative(place, before));
  });
  return { ...command, paths };
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
