import { lstat, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { printable } from '../core/text.js';
import { usable } from './write-failure.js';

/** Who else's files must not be there, and what to do when they are. */
interface Careful {
  readonly rivals?: readonly string[]; // other paths that must be free too
  readonly hint: string;
}

/**
 * Writes files that are not there yet: all of them, or none. Nothing is ever overwritten, links to nowhere included.
 *
 * @param files - Text by absolute path; folders are made.
 * @throws PreannotateError OUTPUT_UNUSABLE naming every file that is there already, or the one that cannot be written.
 */
export async function writeNewFiles(files: ReadonlyMap<string, string>, { rivals = [], hint }: Careful): Promise<void> {
  const paths = [...new Set([...files.keys(), ...rivals])];
  const taken = await Promise.all(paths.map(isThere));
  const there = paths.filter((_, i) => taken[i]);
  if (there.length > 0) throw alreadyThere(there, hint);
  const begun: string[] = [];
  try {
    for (const [path, text] of files) {
      await usable(path, () => mkdir(dirname(path), { recursive: true }));
      await using file = await openNew(path, hint);
      begun.push(path);
      await usable(path, () => file.writeFile(text));
    }
  } catch (error) {
    for (const path of begun) await rm(path, { force: true });
    throw error;
  }
}

/** Fails where a file has come since we looked. */
async function openNew(path: string, hint: string) {
  try {
    return await open(path, 'wx');
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') throw alreadyThere([path], hint);
    return usable(path, () => Promise.reject(error as Error));
  }
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false, // what is wrong with its folder is said when that is made
  );
}

function alreadyThere(paths: readonly string[], hint: string): PreannotateError {
  const names = paths.map(printable).join(' and ');
  const message = `${names} ${paths.length === 1 ? 'is' : 'are'} there already; nothing was written.`;
  return new PreannotateError({ code: 'OUTPUT_UNUSABLE', message, hint });
}
