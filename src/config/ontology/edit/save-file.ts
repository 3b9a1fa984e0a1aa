import { readFile, realpath } from 'node:fs/promises';
import { PreannotateError } from '../../../core/errors.js';
import { printable } from '../../../core/text.js';
import { replaceFile } from '../../../disk/atomic.js';
import { displayPath } from '../../../disk/display-path.js';

/** What becomes of an ontology's file. */
export interface FileEdit {
  readonly path: string; // absolute
  readonly before: string; // as it was read
  readonly after: string;
}

/**
 * Writes an edited ontology, and keeps the old file beside it, with `.bak` at the end of its name.
 *
 * @returns The name of the old file, as messages call it.
 * @throws PreannotateError USAGE when the file was changed since it was read.
 */
export async function saveOntologyFile({ path, before, after }: FileEdit): Promise<string> {
  const name = printable(displayPath(path));
  const bytes = await readFile(path);
  if (bytes.toString('utf8') !== before) {
    const message = `${name} was changed in the meantime, and is left as it is.`;
    throw new PreannotateError({ code: 'USAGE', message, hint: 'Give the same command again.' });
  }
  await replaceFile(`${path}.bak`, [bytes]);
  await replaceFile(await realpath(path), after);
  return `${name}.bak`;
}
