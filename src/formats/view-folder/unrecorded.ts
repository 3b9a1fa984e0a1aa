import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mapConcurrent } from '../../core/stream.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import type { Aside } from './aside.js';
import { entriesOf, isByProduct, replacedFolderOf } from './view-paths.js';

const STATS_AT_ONCE = 64; // network file systems answer many at once

/** Version 0.1 was killed between two renames: the view has another name. */
export async function restoreReplacedFolder(root: string): Promise<void> {
  if ((await entriesOf(root)) !== undefined) return;
  const replaced = replacedFolderOf(root);
  if ((await entriesOf(replaced)) !== undefined) await withWriteErrors(root, () => rename(replaced, root));
}

/**
 * Empties a view of version 0.1, which did not record what it wrote: if a file is newer than the signature file, which
 * was written last, the view was edited, and all of it is kept.
 *
 * @returns Whether it was kept.
 */
export async function clearUnrecorded(root: string, signature: string, aside: Aside): Promise<boolean> {
  const isEdited = await hasNewerFiles(root, signature);
  for (const name of (await entriesOf(root)) ?? []) {
    if (isEdited) await aside.move(root, name);
    else await withWriteErrors(join(root, name), () => rm(join(root, name), { recursive: true }));
  }
  return isEdited;
}

async function hasNewerFiles(root: string, signature: string): Promise<boolean> {
  const written = await lstat(join(root, signature)).catch(() => undefined);
  if (written === undefined) return true; // what the folder holds is not known
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && !isByProduct(entry.name));
  const times = mapConcurrent(files, STATS_AT_ONCE, async ({ parentPath, name }) => lstat(join(parentPath, name)));
  for await (const { mtimeMs } of times) if (mtimeMs > written.mtimeMs) return true;
  return false;
}
