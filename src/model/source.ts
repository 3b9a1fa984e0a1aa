import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PreannotateError } from '../core/errors.js';
import { sha256Of, sha256OfFile } from '../disk/cache.js';
import { readCheckpoint, type Checkpoint } from './checkpoint.js';

/** The checkpoint that ships with the package, and what its weights must be. */
const BUILTIN = {
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

/** A model on this machine, identified. */
export interface Model {
  readonly reference: string; // as the user wrote it
  readonly checkpoint: Checkpoint;
  readonly sha256: string; // of the weights; of their hashes where there are several files
  readonly key: string; // hash of everything that changes what it computes
  readonly weightBytes: number;
}

/**
 * Finds the model that a reference names and identifies it by content.
 *
 * @param reference - `builtin:emoji`, or a folder in Hugging Face layout.
 * @throws PreannotateError MODEL_NOT_FOUND, MODEL_INVALID
 */
export async function findModel(reference: string): Promise<Model> {
  const folder = folderOf(reference);
  const checkpoint = await readCheckpoint(folder);
  const { weightFiles, tensors } = checkpoint;
  const hashes = await Promise.all(weightFiles.map(sha256OfFile));
  const sha256 = hashes.length === 1 ? hashes[0]! : sha256Of(hashes.join());
  if (reference === BUILTIN.reference && sha256 !== BUILTIN.sha256) {
    throw new PreannotateError({
      code: 'MODEL_INVALID',
      message: `${weightFiles[0]!}: SHA-256 is ${sha256}, not ${BUILTIN.sha256}: the file was damaged or changed.`,
      hint: 'Install preannotate again.',
    });
  }
  const present = SMALL_FILES.map((name) => join(folder, name)).filter((path) => existsSync(path));
  const small = await Promise.all(present.map(sha256OfFile));
  const weightBytes = [...tensors.values()].reduce((total, { sizeBytes }) => total + sizeBytes, 0);
  return { reference, checkpoint, sha256, key: sha256Of([sha256, ...small].join()), weightBytes };
}

function folderOf(reference: string): string {
  if (reference === BUILTIN.reference) return BUILTIN.folder;
  if (reference.startsWith('builtin:')) {
    throw new PreannotateError({
      code: 'MODEL_NOT_FOUND',
      message: `There is no built-in model "${reference}".`,
      hint: `The built-in model is ${BUILTIN.reference}.`,
    });
  }
  const folder = resolve(reference);
  if (existsSync(folder)) return folder;
  throw new PreannotateError({
    code: 'MODEL_NOT_FOUND',
    message: `The model "${reference}" is not on this machine: there is no folder ${folder}.`,
    hint:
      'Give the folder of an OWL-ViT or OWLv2 checkpoint (config.json, model.safetensors, tokenizer files), for example ' +
      `one that \`huggingface-cli download ${reference} --local-dir owlvit\` made, or --model ${BUILTIN.reference} to try the tool.`,
  });
}
