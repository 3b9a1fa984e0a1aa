import type { z } from 'zod';
import { PreannotateError } from '../../core/errors.js';
import { readJsonFile } from '../../disk/json.js';

const HINT = 'Fetch the checkpoint again; OWL-ViT and OWLv2 checkpoints in Hugging Face layout can be used.';

/**
 * Reads a JSON file of a checkpoint.
 *
 * @throws PreannotateError MODEL_INVALID naming the file and what is wrong with it.
 */
export async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  const value = await readJsonFile(path, schema, { code: 'MODEL_INVALID', hint: HINT });
  if (value === undefined) throw invalidFileError(path, 'the file does not exist');
  return value;
}

/** A file of a checkpoint that cannot be used. */
export function invalidFileError(path: string, reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'MODEL_INVALID',
      message: `${path}: ${reason.replaceAll(/\s+/g, ' ')}.`,
      hint: HINT,
    },
    cause,
  );
}
