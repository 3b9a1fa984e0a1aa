import { asTyped } from '../../../progress/typed-command.js';
import { formatBytes } from '../../../core/text.js';
import { ModelsConfig } from '../../../config/schema.js';
import { selectModelFiles } from '../../../hub/files.js';
import { listCachedModels, referenceOf, type CachedModel } from '../../../hub/inventory.js';
import { mayHoldModel } from '../../../model/read-checkpoint.js';
import { PUBLISHED } from '../../../model/published/checkpoints.js';
import { BUILTIN } from '../../../model/source.js';
import type { Measured } from '../../../workers/measured/measured-settings.js';
import { printJson } from '../../output.js';
import { listModelFiles } from './model-files.js';
import { findMeasured, formatMeasured, measuredToJson } from './measured-here.js';
import { formatPublishedTable, publishedToJson } from './published.js';
import type { ModelsContext, Subcommand } from './subcommand.js';

const SHORT_COMMIT = 12;

export const listCommand: Subcommand<typeof ModelsConfig> = {
  name: 'list',
  alias: 'ls',
  description:
    'List the models on this machine, and the published ones: how good they are, what they cost, recommended settings.',
  examples: ['models list', 'models list --json'],
  schema: ModelsConfig,
  action: (_reference, context) => list(context),
};

async function list({ settings, environment: { cache } }: ModelsContext): Promise<void> {
  const cached = await listCachedModels(cache);
  const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
  const ours = cached.filter((model, i) => known[i]! && selectModelFiles(model.files, 'auto').usable);
  const here = [await describeBuiltin(), ...ours.map(describeCached)];
  const models = await Promise.all(here.map(async (one) => ({ ...one, measured: await findMeasured(one.reference) })));
  const others = cached.length - ours.length;
  const isHere = (id: string) => ours.some(({ repo }) => repo === id);
  if (settings.json) {
    const published = PUBLISHED.map((one) => ({ ...publishedToJson(one), here: isHere(one.id) }));
    printJson({ cache, models: models.map(toJson), others, published });
    return;
  }
  if (settings.quiet) return;
  const lines = formatModels(models);
  if (others > 0) lines.push(`${others} more in ${cache} are incomplete, or not OWL-ViT or OWLv2.`);
  process.stdout.write(asTyped(`${[...lines, '', ...formatPublishedTable(isHere)].join('\n')}\n`));
}

/** A model on this machine. */
interface LocalModel {
  readonly reference: string;
  readonly commit: string | undefined; // undefined: it is part of the package
  readonly path: string;
  readonly sizeBytes: number;
}

async function describeBuiltin(): Promise<LocalModel> {
  const { reference, folder: path } = BUILTIN;
  const sizeBytes = (await listModelFiles(path)).reduce((sum, file) => sum + file.sizeBytes, 0);
  return { reference, commit: undefined, path, sizeBytes };
}

function describeCached(model: CachedModel): LocalModel {
  const { commit, folder: path, sizeBytes } = model;
  return { reference: referenceOf(model), commit, path, sizeBytes };
}

/** With what `bench` has measured of it here, if anything. */
interface MeasuredModel extends LocalModel {
  readonly measured: Measured | undefined;
}

function toJson({ sizeBytes, measured, ...rest }: MeasuredModel) {
  return {
    ...rest,
    size_bytes: sizeBytes,
    ...(measured === undefined ? {} : { measured: measuredToJson(measured) }),
  };
}

function formatModels(models: readonly MeasuredModel[]): string[] {
  const width = Math.max(...models.map(({ reference }) => reference.length));
  return models.map(({ reference, commit, path, sizeBytes, measured }) =>
    [
      reference.padEnd(width),
      formatBytes(sizeBytes).padStart(9),
      (commit ?? 'shipped').slice(0, SHORT_COMMIT).padEnd(12),
      path,
      ...(measured === undefined ? [] : [formatMeasured(measured)]),
    ].join('  '),
  );
}
