import { lstat, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { makeFolder } from './make-folder.js';
import { withOutputErrors } from './write-failure.js';

interface NewFilesOptions {
  readonly conflicting?: readonly string[]; // other paths that must not exist either
  readonly hint: string; // what to do when a file exists
}

/**
 * Writes files that do not exist yet: all of them, or none. Never overwrites anything, dangling links included.
 *
 * @param files - Text or bytes by absolute path; folders are created.
 * @throws PreannotateError OUTPUT_UNUSABLE naming every file that exists, or the one that cannot be written.
 */
export async function writeNewFiles(
  files: ReadonlyMap<string, string | Uint8Array>,
  { conflicting = [], hint }: NewFilesOptions,
): Promise<void> {
  const paths = [...new Set([...files.keys(), ...conflicting])];
  const isTaken = await Promise.all(paths.map(exists));
  const existing = paths.filter((_, i) => isTaken[i]);
  if (existing.length > 0) throw existingFilesError(existing, hint);
  const created: string[] = [];
  try {
    for (const [path, text] of files) {
      await withOutputErrors(path, () => makeFolder(dirname(path)));
      await using file = await openNew(path, hint);
      created.push(path);
      await withOutputErrors(path, () => file.writeFile(text));
    }
  } catch (error) {
    for (const path of created) await rm(path, { force: true });
    throw error;
  }
}

/** Fails when the file was created since it was checked. */
async function openNew(path: string, hint: string) {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw existingFilesError([path], hint);
    return withOutputErrors(path, () => Promise.reject(error as Error));
  }
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false, // a problem with its folder is reported when the folder is created
  );
}

function existingFilesError(paths: readonly string[], hint: string): PreannotateError {
  const [others, last] = [paths.slice(0, -1).map(printable), printable(paths.at(-1)!)];
  const names = others.length === 0 ? last : `${others.join(', ')} and ${last}`;
  const message = `${names} ${paths.length === 1 ? 'exists' : 'exist'} already; nothing was written.`;
  return new PreannotateError({ code: 'OUTPUT_UNUSABLE', message, hint });
}
