import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { makeFolder } from '../../disk/make-folder.js';
import { withOutputErrors } from '../../disk/write-failure.js';

/** Files that operating systems and training programs create; not edits of the user. */
const BY_PRODUCTS = /\.cache$|^\.DS_Store$|^\._|^Thumbs\.db$|^desktop\.ini$/i;
const OWN_TEMPORARY = '.preannotate-';

export function isByProduct(name: string): boolean {
  return BY_PRODUCTS.test(name) || name.startsWith(OWN_TEMPORARY);
}

/** A folder of our own in a view: on the file system of the view, also when that is mounted there. */
export function temporaryIn(root: string, name: string): string {
  return join(root, OWN_TEMPORARY + name);
}

/** Where the new files of a view are written first. */
export function stagingFolderIn(root: string): string {
  return temporaryIn(root, 'new');
}

/** As {@link stagingFolderIn}, for a view that does not exist yet. */
export function stagingFolderBeside(root: string): string {
  return join(dirname(root), `${OWN_TEMPORARY}${basename(root)}-new`);
}

/** Where the view was for a moment while version 0.1 replaced it. */
export function replacedFolderOf(root: string): string {
  return join(dirname(root), `${OWN_TEMPORARY}${basename(root)}-old`);
}

/**
 * The folder of a view without links, so that a link to it stays a link. Its parent is created.
 *
 * @throws PreannotateError OUTPUT_UNUSABLE
 */
export async function resolveViewFolder(outDir: string): Promise<string> {
  return await withOutputErrors(outDir, async () => {
    await makeFolder(dirname(outDir));
    try {
      const root = await realpath(outDir);
      if ((await stat(root)).isDirectory()) return root;
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error;
      return join(await realpath(dirname(outDir)), basename(outDir)); // it will be made
    }
    throw new Error('a file has that name');
  });
}

/** The entries of a folder, except for by-products. @returns undefined when the folder does not exist. */
export async function entriesOf(folder: string): Promise<string[] | undefined> {
  try {
    return (await readdir(folder)).filter((name) => !isByProduct(name));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
