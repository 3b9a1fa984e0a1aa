import { asTyped } from '../../../progress/typed-command.js';
import { formatBytes } from '../../../core/text.js';
import { ModelsConfig } from '../../../config/schema.js';
import { PreannotateError } from '../../../core/errors.js';
import { findSnapshot } from '../../../hub/layout.js';
import { parseHubReference } from '../../../hub/reference.js';
import type { PublishedCheckpoint } from '../../../model/published/checkpoints.js';
import { findPublished } from '../../../model/published/find-published.js';
import { traitsOf } from '../../../model/families.js';
import { BUILTIN, findModel, findLocalFolder, type Model } from '../../../model/source.js';
import { printJson } from '../../output.js';
import { listModelFiles, type ModelFile } from './model-files.js';
import { formatPublished, publishedToJson } from './published.js';
import type { ModelsContext, Subcommand } from './subcommand.js';

export const infoCommand: Subcommand<typeof ModelsConfig> = {
  name: 'info',
  argument: '<ref>',
  description:
    'Show a model on this machine: type, sizes, weights, files and their hashes; of a published one also how good it ' +
    'is, what it costs, and recommended settings.',
  examples: ['models info builtin:emoji', 'models info google/owlvit-base-patch32 --json'],
  schema: ModelsConfig,
  action: (reference, context) => info(reference!, context),
};

async function info(reference: string, { settings, environment }: ModelsContext): Promise<void> {
  const local = findLocalFolder(reference);
  const snapshot =
    local === undefined ? await findSnapshot(environment.cache, parseHubReference(reference)) : undefined;
  const folder = local ?? snapshot?.folder;
  if (folder === undefined) throw notFoundError(reference, environment.cache);
  const model = await findModel(folder === BUILTIN.folder ? reference : folder, {
    precision: 'auto',
    watcher: { progress: () => {}, note: () => {} },
    variables: process.env,
  });
  const described = {
    reference,
    ...describeModel(model),
    commit: snapshot?.commit,
    path: folder,
    files: await listModelFiles(folder),
    published: findPublished(snapshot === undefined ? reference : snapshot.repo),
  };
  if (settings.json) printJson(toJson(described));
  else if (!settings.quiet) process.stdout.write(asTyped(formatModel(described)));
}

function describeModel({ checkpoint, sha256 }: Model) {
  const traits = traitsOf(checkpoint);
  const values = new Map<string, number>();
  for (const { type, shape } of checkpoint.tensors.values()) {
    values.set(type, (values.get(type) ?? 0) + shape.reduce((product, length) => product * length, 1));
  }
  return {
    type: checkpoint.modelType,
    imageSize: traits.nativeSide,
    patchSize: traits.patchSize,
    patches: traits.patches(traits.inputSize()),
    vision: traits.vision,
    text: { ...traits.text, maxTokens: traits.maxTokens },
    parameters: [...values.values()].reduce((sum, count) => sum + count, 0),
    weights: [...values.keys()].sort(),
    sha256,
  };
}

type Described = ReturnType<typeof describeModel> & {
  reference: string;
  commit: string | undefined;
  path: string;
  files: ModelFile[];
  published: PublishedCheckpoint | undefined;
};

function formatModel(model: Described): string {
  const { vision, text, imageSize, patchSize } = model;
  const millions = (model.parameters / 1e6).toFixed(1);
  const width = Math.max(...model.files.map(({ name }) => name.length));
  return [
    `${model.reference}${model.commit === undefined ? '' : ` at ${model.commit}`}`,
    `  type       ${model.type}, ${millions} million parameters, weights ${model.weights.join(' and ')}`,
    `  image      ${imageSize} x ${imageSize}, patches of ${patchSize} x ${patchSize} (${model.patches} boxes)`,
    `  vision     ${vision.layers} layers of ${vision.width}, ${vision.heads} heads`,
    `  text       ${text.layers} layers of ${text.width}, ${text.heads} heads, prompts up to ${text.maxTokens} tokens`,
    `  sha256     ${model.sha256} (of the weights)`,
    ...(model.published === undefined ? [] : formatPublished(model.published)),
    `  path       ${model.path}`,
    '  files',
    ...model.files.map(
      ({ name, sizeBytes, hash }) => `    ${name.padEnd(width)}  ${formatBytes(sizeBytes).padStart(9)}  ${hash}`,
    ),
    '',
  ].join('\n');
}

function toJson({ imageSize, patchSize, text, files, published, ...rest }: Described): unknown {
  const { maxTokens, ...sizes } = text;
  return {
    ...rest,
    image_size: imageSize,
    patch_size: patchSize,
    text: { ...sizes, max_tokens: maxTokens },
    files: files.map(({ name, sizeBytes, hash }) => ({ name, size_bytes: sizeBytes, hash })),
    ...(published === undefined ? {} : { published: publishedToJson(published) }),
  };
}

function notFoundError(reference: string, cache: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${reference} is not on this machine: neither a folder nor in ${cache}.`,
    hint:
      `Fetch it: preannotate models pull ${reference}\n` +
      'Published models, with recommended settings: preannotate models list',
  });
}
