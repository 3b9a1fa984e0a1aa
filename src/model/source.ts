import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PreannotateError } from '../core/errors.js';
import type { Precision, RequestedPrecision } from '../core/precision.js';
import { printable } from '../core/text.js';
import { sha256Of, sha256OfFile } from '../disk/cache.js';
import { hasEntry } from '../disk/readable-file.js';
import { readHubEnvironment } from '../hub/environment.js';
import { selectModelFiles } from '../hub/files.js';
import { listModelFolder, parseSnapshotFolder } from '../hub/layout.js';
import { parseHubReference } from '../hub/reference.js';
import { ensureModel, findUsableSnapshot, type DownloadObserver } from '../hub/repository.js';
import { assertIntact, computeDigest, type Damage } from '../hub/verify.js';
import type { Checkpoint } from './checkpoint/checkpoint.js';
import { hashSmallFile, withModelFileErrors } from './checkpoint/json-file.js';
import { familyOf } from './families.js';
import { readCheckpoint } from './read-checkpoint.js';

/** The checkpoint that ships with the package, and what its weights must be. */
export const BUILTIN = {
  reference: 'builtin:emoji',
  folder: fileURLToPath(new URL('../../fixtures/models/owlvit-emoji', import.meta.url)),
  sha256: '12bfa92c9acc5c210be0e7c1938e85c8b3feddc6e79fde3f03efab3d4a8529b0',
};

/** Files beside the weights that change what the model computes. */
const SMALL_FILES = [
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
];

/** Weights that cannot be used are read once more to say that they are damaged, unless that would take long. */
const MAX_EXPLAINED_BYTES = 2 ** 31;

/** A model on this machine, identified. */
export interface Model {
  readonly reference: string; // as the user wrote it
  readonly checkpoint: Checkpoint;
  readonly sha256: string; // of the weights; of their hashes where there are several files
  readonly key: string; // hash of everything that changes what it computes
  readonly precision: Precision; // the requested one, or what suits the model
  readonly weightBytes: number;
}

/** How a model that is not on this machine is fetched. */
export interface FindOptions {
  readonly precision: RequestedPrecision;
  readonly watcher: DownloadObserver;
  readonly signal?: AbortSignal;
  readonly variables: Readonly<Record<string, string | undefined>>; // HF_HOME and so on
}

/**
 * Finds the model that a reference names, fetches it from the hub if need be, and identifies it by content. Files that
 * the hub's cache knows the hash of are checked before anything reads them; of weights, the header is read first, so
 * that files that cannot be weights are refused at once, whatever their size.
 *
 * @param reference - `builtin:emoji`, a folder in Hugging Face or transformers.js layout, or a hub id such as
 *   `google/owlvit-base-patch32@main`. A folder of that name wins over the hub.
 * @throws PreannotateError MODEL_NOT_FOUND, MODEL_INVALID, MODEL_GATED, MODEL_DOWNLOAD_FAILED
 */
export async function findModel(reference: string, options: FindOptions): Promise<Model> {
  if (reference === BUILTIN.reference) await assertBuiltinIntact();
  const local = findLocalFolder(reference);
  const folder = local ?? (await fetchFromHub(reference, options));
  const { precision: requested } = options;
  const { small, weights } = selectModelFiles(await listModelFolder(folder), requested);
  const repair = `preannotate models pull ${chooseRepairReference(reference, local)}`;
  await assertIntact(folder, small, repair);
  const checkpoint = await readCheckpoint(folder, requested).catch(async (error: unknown) => {
    await assertIntact(folder, await selectBelow(MAX_EXPLAINED_BYTES, folder, weights), repair);
    throw error;
  });
  await assertIntact(folder, weights, repair);
  await familyOf(checkpoint).requireMatchingWeights?.(checkpoint);
  const { weightFiles, exported } = checkpoint;
  const hashes = await hashFiles(weightFiles);
  const sha256 = hashes.length === 1 ? hashes[0]! : sha256Of(hashes.join());
  const present = SMALL_FILES.map((name) => join(folder, name)).filter(hasEntry);
  const smallHashes = await Promise.all(present.map(hashSmallFile));
  const sizes = await Promise.all(weightFiles.map(async (file) => (await stat(file)).size));
  const weightBytes = sizes.reduce((total, size) => total + size, 0);
  const precision = exported?.precision ?? (requested === 'auto' ? 'fp32' : requested);
  const key = sha256Of([sha256, ...smallHashes].join());
  return { reference, checkpoint, sha256, key, precision, weightBytes };
}

/** The names of files that are not larger; those that are not there are left out. */
async function selectBelow(maxBytes: number, folder: string, names: readonly string[]): Promise<string[]> {
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => Infinity,
      ),
    ),
  );
  return names.filter((_, i) => sizes[i]! <= maxBytes);
}

/** SHA-256 of files, in hex. @throws PreannotateError MODEL_INVALID for one that cannot be read */
function hashFiles(paths: readonly string[]): Promise<string[]> {
  return withModelFileErrors(() => Promise.all(paths.map(sha256OfFile)));
}

/**
 * Compares the built-in model's weights with what was released.
 *
 * @param again - Reads the file even when its hash is remembered.
 */
export async function findBuiltinDamage(again = true): Promise<Damage | undefined> {
  const path = join(BUILTIN.folder, 'model.safetensors');
  const found = await computeDigest(BUILTIN.sha256, path, again);
  return found === BUILTIN.sha256 ? undefined : { path, algorithm: 'SHA-256', expected: BUILTIN.sha256, found };
}

async function assertBuiltinIntact(): Promise<void> {
  const damage = await findBuiltinDamage(false);
  if (damage === undefined) return;
  const { path, expected, found } = damage;
  throw new PreannotateError({
    code: 'MODEL_INVALID',
    message: `${path} is damaged: its SHA-256 should be ${expected}, and is ${found}.`,
    hint: 'Install preannotate again.',
  });
}

/**
 * Like {@link findModel}, but downloads nothing.
 *
 * @returns undefined when the model must be downloaded first. Offline, that is MODEL_NOT_FOUND.
 */
export async function findModelHere(reference: string, options: FindOptions): Promise<Model | undefined> {
  const isOffline = readHubEnvironment(options.variables).offline !== undefined;
  return isOffline || (await isModelPresent(reference, options)) ? findModel(reference, options) : undefined;
}

/**
 * Whether {@link findModel} would find the model without fetching anything.
 *
 * @throws PreannotateError MODEL_NOT_FOUND
 */
export async function isModelPresent(reference: string, options: Pick<FindOptions, 'precision' | 'variables'>) {
  if (findLocalFolder(reference) !== undefined) return true;
  const environment = readHubEnvironment(options.variables);
  return (await findUsableSnapshot(parseHubReference(reference), { ...options, environment })) !== undefined;
}

/**
 * The folder of a reference that is no hub id: the built-in model's, or one that exists.
 *
 * @throws PreannotateError MODEL_NOT_FOUND when the reference can only be a folder, and there is none.
 */
export function findLocalFolder(reference: string): string | undefined {
  if (reference === BUILTIN.reference) return BUILTIN.folder;
  if (reference.startsWith('builtin:')) {
    throw new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message: `There is no built-in model "${printable(reference)}".`,
      hint: `The built-in model is ${BUILTIN.reference}.`,
    });
  }
  const folder = resolve(reference);
  if (existsSync(folder)) return folder;
  if (!/^[./\\~]|^[A-Za-z]:[/\\]/.test(reference)) return undefined;
  throw new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `The model "${printable(reference)}" is not on this machine: there is no folder ${printable(folder)}.`,
    hint:
      'Give the folder of an OWL-ViT or OWLv2 checkpoint (config.json, model.safetensors, tokenizer files), ' +
      `a hub id such as google/owlvit-base-patch32, or --model ${BUILTIN.reference} to try the tool.`,
  });
}

async function fetchFromHub(reference: string, options: FindOptions): Promise<string> {
  const environment = readHubEnvironment(options.variables);
  const { folder } = await ensureModel(parseHubReference(reference), { ...options, environment });
  return folder;
}

/**
 * The reference that `models pull` repairs a model by: the one given, or for a folder of the hub's cache, its model's.
 */
function chooseRepairReference(reference: string, local: string | undefined): string {
  return local === undefined ? reference : (parseSnapshotFolder(local) ?? reference);
}
