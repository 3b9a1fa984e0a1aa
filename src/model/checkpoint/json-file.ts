import { realpath, type FileHandle } from 'node:fs/promises';
import type { z } from 'zod';
import { PreannotateError } from '../../core/errors.js';
import { printable } from '../../core/text.js';
import { sha256OfFile } from '../../disk/cache.js';
import { MAX_JSON_BYTES, readJsonFile } from '../../disk/json.js';
import { hasEntry, openReadableFile, requireReadableFile, UnreadableFileError } from '../../disk/readable-file.js';

const HINT = 'Fetch the checkpoint again; OWL-ViT and OWLv2 checkpoints in Hugging Face layout can be used.';

/**
 * Reads a JSON file of a checkpoint.
 *
 * @throws PreannotateError MODEL_INVALID naming the file and what is wrong with it.
 */
export async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  const value = await readJsonFile(path, schema, { code: 'MODEL_INVALID', hint: HINT });
  if (value !== undefined) return value;
  const reason = hasEntry(path) ? 'it is a link to a file that does not exist' : 'the file does not exist';
  throw invalidFileError(path, reason);
}

/** Opens a file of a checkpoint for reading. @throws PreannotateError MODEL_INVALID */
export async function openModelFile(path: string): Promise<FileHandle> {
  return withModelFileErrors(() => openReadableFile(path));
}

/** Runs a step that reads files. @throws PreannotateError MODEL_INVALID naming one that cannot be read */
export async function withModelFileErrors<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw error instanceof UnreadableFileError ? invalidFileError(error.path, error.reason, error) : error;
  }
}

/** SHA-256 of a configuration or tokenizer file, in hex. @throws PreannotateError MODEL_INVALID */
export function hashSmallFile(path: string): Promise<string> {
  return withModelFileErrors(async () => {
    await requireReadableFile(path, MAX_JSON_BYTES);
    return sha256OfFile(path);
  });
}

/** The file that a path leads to, links resolved. @throws PreannotateError MODEL_INVALID naming the path as given */
export async function resolveModelFile(path: string): Promise<string> {
  await withModelFileErrors(() => requireReadableFile(path));
  return realpath(path);
}

/** A file of a checkpoint that cannot be used. */
export function invalidFileError(path: string, reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'MODEL_INVALID',
      message: `${printable(path)}: ${reason.replaceAll(/\s+/g, ' ')}.`,
      hint: HINT,
    },
    cause,
  );
}
