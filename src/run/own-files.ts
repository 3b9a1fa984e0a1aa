import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PreannotateError } from '../core/errors.js';
import { printable } from '../core/text.js';
import { kindOf } from '../disk/regular-file.js';

/** During a run, or at its end. */
const WRITTEN = ['run.json', 'classes.json', 'errors.jsonl', 'splits.json', 'duplicates.jsonl'];

/**
 * Makes sure, before any work is done, that the files of a run can be written.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE when a folder, or a pipe that would wait for a reader, is in their place.
 */
export async function assertOwnFilesReplaceable(outDir: string): Promise<void> {
  for (const name of WRITTEN) {
    const path = join(outDir, name);
    const stats = await stat(path).catch(() => undefined); // missing, or writing will report what is wrong
    if (stats !== undefined && !stats.isFile()) throw notAFileError(path, kindOf(stats));
  }
}

function notAFileError(path: string, kind: string): PreannotateError {
  return new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message: `${printable(path)} is ${kind}, not a file: the run writes a file of that name.`,
    hint: 'Move it away, or give another output folder.',
  });
}
