import { lstat, readdir, rename } from 'node:fs/promises';
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
 * Whether a view of version 0.1, which did not record what it wrote, was edited: a file is newer than the signature
 * file, which was written last.
 */
export async function hasNewerFiles(root: string, signature: string): Promise<boolean> {
  const written = await lstat(join(root, signature)).catch(() => undefined);
  if (written === undefined) return true; // what the folder holds is not known
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory() && !isByProduct(entry.name));
  const times = mapConcurrent(files, STATS_AT_ONCE, async ({ parentPath, name }) => lstat(join(parentPath, name)));
  for await (const { mtimeMs } of times) if (mtimeMs > written.mtimeMs) return true;
  return false;
}

/**
 * Moves all files of a view away. Even where no time shows an edit, there may be one, copied back with its time.
 *
 * @param signature - Moved last, so that the folder is known again after an interruption.
 */
export async function moveAllAside(root: string, signature: string, aside: Aside): Promise<void> {
  const names = ((await entriesOf(root)) ?? []).filter((name) => name !== signature);
  for (const name of names) await aside.move(root, name);
  await aside.move(root, signature);
}
