import { readFile, realpath, rm } from 'node:fs/promises';
import { saveOntologyFile } from '../../config/ontology/edit/save-file.js';
import { printable } from '../../core/text.js';
import { replaceFile } from '../../disk/atomic.js';
import { displayPath } from '../../disk/display-path.js';
import { RequestError } from '../../http/request-error.js';
import type { PlannedEdit } from './keep.js';

/** An edit that is in the file, with what it takes to have all as it was. */
export interface SavedEdit extends PlannedEdit {
  readonly backup?: string; // what became of the old file, for the user
  readonly formerBackup?: Buffer; // the file that lay where the backup is
}

/** Writes the file. */
export async function saveEdit(edit: PlannedEdit): Promise<SavedEdit> {
  if (edit.isWritten) return edit;
  const former = await readFile(backupOf(edit)).catch(() => undefined);
  const backup = await saveOntologyFile(edit);
  return { ...edit, backup, ...(former === undefined ? {} : { formerBackup: former }) };
}

/**
 * Writes the old text again. The backup is what it was before the edit, too.
 *
 * @throws RequestError USAGE where the file is not as it was written; PreannotateError WRITE_FAILED
 */
export async function takeBack(edit: SavedEdit): Promise<void> {
  const { path, before, after, formerBackup, isWritten } = edit;
  if (isWritten) return;
  if ((await readFile(path, 'utf8')) !== after) {
    const message = `${printable(displayPath(path))} was changed since, and is left as it is.`;
    throw new RequestError('USAGE', message);
  }
  await replaceFile(await realpath(path), before);
  if (formerBackup === undefined) await rm(backupOf(edit), { force: true });
  else await replaceFile(backupOf(edit), [formerBackup]);
}

function backupOf({ path }: PlannedEdit): string {
  return `${path}.bak`;
}
