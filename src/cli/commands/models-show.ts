import { lstat, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PreannotateError } from '../../core/errors.js';
import { sha256OfFile } from '../../disk/cache.js';
import { modelFilesOf } from '../../hub/files.js';
import { cachedModels, referenceOf } from '../../hub/inventory.js';
import { blobBehind, cachedSnapshot, namesIn } from '../../hub/layout.js';
import { hubReference } from '../../hub/reference.js';
import { traitsOf } from '../../model/families.js';
import { mayHoldModel } from '../../model/read-checkpoint.js';
import { BUILTIN, findModel, findLocalFolder, type Model } from '../../model/source.js';
import { formatBytes } from '../../progress/download.js';
import { printJson } from '../output.js';
import type { ModelsContext } from './models.js';

const SHORT_COMMIT = 12;

/** What is on this machine. */
export async function list({ settings, environment }: ModelsContext): Promise<void> {
  const cached = await cachedModels(environment.cache);
  const known = await Promise.all(cached.map(({ folder }) => mayHoldModel(folder)));
  const ours = cached.filter((model, i) => known[i]! && modelFilesOf(model.files, 'auto').usable);
  const builtin = { reference: BUILTIN.reference, commit: undefined, path: BUILTIN.folder };
  const models = [
    { ...builtin, sizeBytes: (await filesIn(BUILTIN.folder)).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) },
    ...ours.map((model) => ({
      reference: referenceOf(model),
      commit: model.commit,
      path: model.folder,
      sizeBytes: model.sizeBytes,
    })),
  ];
  if (settings.json) {
    printJson({
      cache: environment.cache,
      models: models.map(({ sizeBytes, ...rest }) => ({ ...rest, size_bytes: sizeBytes })),
      others: cached.length - ours.length,
    });
    return;
  }
  const width = Math.max(...models.map(({ reference }) => reference.length));
  const lines = models.map(({ reference, commit, path, sizeBytes }) =>
    [
      reference.padEnd(width),
      formatBytes(sizeBytes).padStart(9),
      (commit ?? 'shipped').slice(0, SHORT_COMMIT).padEnd(12),
      path,
    ].join('  '),
  );
  const others = cached.length - ours.length;
  if (others > 0) lines.push(`${others} more in ${environment.cache} are incomplete, or not OWL-ViT or OWLv2.`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What a model is. Fetches nothing. */
export async function info(reference: string, { settings, environment }: ModelsContext): Promise<void> {
  const local = findLocalFolder(reference);
  const snapshot = local === undefined ? await cachedSnapshot(environment.cache, hubReference(reference)) : undefined;
  const folder = local ?? snapshot?.folder;
  if (folder === undefined) throw notHere(reference, environment.cache);
  const model = await findModel(folder === BUILTIN.folder ? reference : folder, {
    precision: 'auto',
    watcher: { progress: () => {}, note: () => {} },
    variables: process.env,
  });
  const described = {
    reference,
    ...describe(model),
    commit: snapshot?.commit,
    path: folder,
    files: await filesIn(folder),
  };
  if (settings.json) printJson(jsonOf(described));
  else process.stdout.write(textOf(described));
}

function describe({ checkpoint, sha256 }: Model) {
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

type Described = ReturnType<typeof describe> & {
  reference: string;
  commit: string | undefined;
  path: string;
  files: FileInfo[];
};

function textOf(model: Described): string {
  const { vision, text, imageSize, patchSize } = model;
  const width = Math.max(...model.files.map(({ name }) => name.length));
  return [
    `${model.reference}${model.commit === undefined ? '' : ` at ${model.commit}`}`,
    `  type       ${model.type}, ${(model.parameters / 1e6).toFixed(1)} million parameters, weights ${model.weights.join(' and ')}`,
    `  image      ${imageSize} x ${imageSize}, patches of ${patchSize} x ${patchSize} (${model.patches} boxes)`,
    `  vision     ${vision.layers} layers of ${vision.width}, ${vision.heads} heads`,
    `  text       ${text.layers} layers of ${text.width}, ${text.heads} heads, prompts up to ${text.maxTokens} tokens`,
    `  sha256     ${model.sha256} (of the weights)`,
    `  path       ${model.path}`,
    '  files',
    ...model.files.map(
      ({ name, sizeBytes, hash }) => `    ${name.padEnd(width)}  ${formatBytes(sizeBytes).padStart(9)}  ${hash}`,
    ),
    '',
  ].join('\n');
}

function jsonOf({ imageSize, patchSize, text, files, ...rest }: Described): unknown {
  const { maxTokens, ...sizes } = text;
  return {
    ...rest,
    image_size: imageSize,
    patch_size: patchSize,
    text: { ...sizes, max_tokens: maxTokens },
    files: files.map(({ name, sizeBytes, hash }) => ({ name, size_bytes: sizeBytes, hash })),
  };
}

interface FileInfo {
  readonly name: string;
  readonly sizeBytes: number;
  readonly hash: string; // as the hub names it where it is from there, else SHA-256
}

async function filesIn(folder: string): Promise<FileInfo[]> {
  const present = await namesIn(folder);
  const { small, weights } = modelFilesOf(present, 'auto');
  return Promise.all(
    [...small, ...weights].map(async (name) => {
      const path = join(folder, name);
      const blob = await blobBehind(path);
      const file = await realpath(path);
      const hash = blob === undefined ? await sha256OfFile(file) : basename(blob);
      return { name, sizeBytes: (await lstat(file)).size, hash };
    }),
  );
}

function notHere(reference: string, cache: string): PreannotateError {
  return new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `${reference} is not on this machine: neither a folder, nor in ${cache}.`,
    hint: `Fetch it: preannotate models pull ${reference}`,
  });
}
