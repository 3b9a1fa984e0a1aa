import { join, relative, resolve, sep } from 'node:path';
import { loadSettings, mergeSettings, requireOntologySource, type Loaded } from '../../../config/load.js';
import { flagsOf } from '../../../config/flags.js';
import { isShippedFile } from '../../../config/ontology/shipped.js';
import { RunConfig } from '../../../config/schema.js';
import { readFlags } from '../../../config/sources.js';
import { quoteForShell } from '../../../core/text.js';
import { displayPath } from '../../../disk/display-path.js';
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
      loaded === undefined
        ? { noFile: 'The config file of this run cannot be read any more.' }
        : placeOf(loaded, command),
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
  { flags, environment, cwd, by_program: byProgram }: RunCommand,
  changed: Readonly<Record<string, unknown>>,
): Promise<Loaded<typeof RunConfig>> {
  const kept = Object.entries(flags).filter(([key]) => !LEFT_OUT.includes(key));
  const given = { ...Object.fromEntries(kept), out: outDir, ...changed };
  if (!byProgram) return loadSettings({ schema: RunConfig, flags: given, environment, cwd });
  const { config } = flags; // no other one counts for a program
  const configPath = typeof config === 'string' ? resolve(cwd, config) : undefined;
  return mergeSettings(RunConfig, { stated: [readFlags(RunConfig, given)], configPath, cwd });
}

function placeOf(loaded: Loaded<typeof RunConfig>, { by_program: byProgram }: RunCommand): OntologyPlace {
  const source = requireOntologySource(loaded);
  const isOfProgram = byProgram && (loaded.given.class === 'flag' || loaded.given.ontology === 'flag');
  if (isOfProgram && ('classes' in source || 'mapping' in source))
    return { noFile: 'The ontology of this run was given by the program that made it.' };
  if ('classes' in source) return { noFile: 'The classes of this run were given by --class.' };
  if ('mapping' in source) return { noFile: `The ontology of this run is a part of ${source.file}.` };
  if (isShippedFile(source.file)) return { noFile: `${displayPath(source.file)} belongs to the package.` };
  return { file: source.file };
}

/** The command, to be copied. A relative path means what it meant where the command was given. */
function typed(
  { paths, flags, cwd }: RunCommand,
  changed: Readonly<Record<string, string | true>>,
): string | undefined {
  const known = new Map(flagsOf(RunConfig).map((flag) => [flag.key, flag]));
  const isOther = 'ontology' in changed; // classes of flags precede it
  const kept = Object.entries(flags).filter(
    ([key]) => !LEFT_OUT.includes(key) && !(key in changed) && !(isOther && key === 'class'),
  );
  const all = [...kept, ...Object.entries(changed)];
  if (all.some(([, value]) => typeof value === 'object' && !Array.isArray(value))) return undefined; // of a program
  const words = all.flatMap(([key, value]) => {
    const { name = key, negation, repeatable = false } = known.get(key) ?? {};
    if (value === true) return [`--${name}`];
    if (value === false) return negation === undefined ? [] : [`--no-${name}`]; // off by default
    const values: unknown[] = Array.isArray(value) && !repeatable ? [value.join(',')] : [value].flat();
    return values.flatMap((one) => [`--${name}`, quoteForShell(String(one))]);
  });
  const command = ['preannotate', 'run', ...paths.map(quoteForShell), ...words].join(' ');
  return cwd === process.cwd() ? command : `cd ${quoteForShell(cwd)} && ${command}`;
}
