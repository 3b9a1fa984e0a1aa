import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, PreannotateError } from '../../core/errors.js';

/** Reads a JSON file of a checkpoint. @throws PreannotateError MODEL_INVALID naming the file and what is wrong with it. */
export async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
  try {
    return schema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    throw invalid(path, error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error), error);
  }
}

/** A file of a checkpoint that cannot be used. */
export function invalid(path: string, reason: string, cause?: unknown): PreannotateError {
  return new PreannotateError(
    {
      code: 'MODEL_INVALID',
      message: `${path}: ${reason.replaceAll(/\s+/g, ' ')}.`,
      hint: 'Fetch the checkpoint again; OWL-ViT and OWLv2 checkpoints in Hugging Face layout can be used.',
    },
    cause,
  );
}
