import { formatBytes } from '../../../core/text.js';
import { ModelsConfig } from '../../../config/schema.js';
import { selectModelFiles } from '../../../hub/files.js';
import { listCachedModels, referenceOf } from '../../../hub/inventory.js';
import { mayHoldModel } from '../../../model/read-checkpoint.js';
import { PUBLISHED } from '../../../model/published/checkpoints.js';
import { BUILTIN } from '../../../model/source.js';
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

async function list({ settings, environment }: ModelsContext): Promise<void> {
  const cached = await listCachedModels(environment.cache);
  const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
  const ours = cached.filter((model, i) => known[i]! && selectModelFiles(model.files, 'auto').usable);
  const builtin = { reference: BUILTIN.reference, commit: undefined, path: BUILTIN.folder };
  const models = [
    {
      ...builtin,
      sizeBytes: (await listModelFiles(BUILTIN.folder)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    },
    ...ours.map((model) => ({
      reference: referenceOf(model),
      commit: model.commit,
      path: model.folder,
      sizeBytes: model.sizeBytes,
    })),
  ];
  const measured = await Promise.all(models.map(({ reference }) => findMeasured(reference)));
  const isHere = (id: string) => ours.some(({ repo }) => repo === id);
  if (settings.json) {
    printJson({
      cache: environment.cache,
      models: models.map(({ sizeBytes, ...rest }, i) => ({
        ...rest,
        size_bytes: sizeBytes,
        ...(measured[i] === undefined ? {} : { measured: measuredToJson(measured[i]) }),
      })),
      others: cached.length - ours.length,
      published: PUBLISHED.map((one) => ({ ...publishedToJson(one), here: isHere(one.id) })),
    });
    return;
  }
  if (settings.quiet) return;
  const width = Math.max(...models.map(({ reference }) => reference.length));
  const lines = models.map(({ reference, commit, path, sizeBytes }, i) =>
    [
      reference.padEnd(width),
      formatBytes(sizeBytes).padStart(9),
      (commit ?? 'shipped').slice(0, SHORT_COMMIT).padEnd(12),
      path,
      ...(measured[i] === undefined ? [] : [formatMeasured(measured[i])]),
    ].join('  '),
  );
  const others = cached.length - ours.length;
  if (others > 0) lines.push(`${others} more in ${environment.cache} are incomplete, or not OWL-ViT or OWLv2.`);
  process.stdout.write(`${[...lines, '', ...formatPublishedTable(isHere)].join('\n')}\n`);
}
