import { lstat, mkdir, open, readdir, realpath, utimes } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { mapConcurrent } from '../core/stream.js';
import { printable } from '../core/text.js';
import { replaceFolder } from '../disk/atomic.js';
import type { View } from './format.js';

const OWN_NAME = 'preannotate'; // in every signature file, near its beginning
const INSPECTED_BYTES = 4096;
const STATS_AT_ONCE = 64; // network file systems answer many at once

/**
 * Replaces the folder of a view by what `fill` writes, so that it is complete at all times. The output folder may hold
 * a data set of the user: only views that preannotate wrote are replaced. A view that was changed since is not deleted,
 * but moved into the run's own folder.
 *
 * @param signature - Name of the file that identifies a view of this format.
 * @returns The notes of `fill`, and where a changed view was moved.
 * @throws PreannotateError OUTPUT_UNUSABLE when the folder holds other files, or the images themselves.
 */
export async function replaceView(
  view: Pick<View, 'outDir' | 'root'>,
  signature: string,
  fill: (folder: string) => Promise<string[]>,
): Promise<string[]> {
  const { outDir } = view;
  await assertReplaceable(view, signature);
  const keptAt = (await hasChanged(outDir, signature)) ? await pathToKeepAt(outDir) : undefined;
  const writeLast = async (folder: string) => {
    const notes = await fill(folder);
    const now = new Date(Date.now() + 1); // file times are finer than a Date: includes files of this millisecond
    await utimes(join(folder, signature), now, now); // newer files were changed by the user
    return notes;
  };
  const notes = await replaceFolder(outDir, writeLast, keptAt);
  if (keptAt === undefined) return notes;
  return [
    `Files in ${printable(outDir)} had been changed since they were written; they are kept in ${printable(keptAt)}.`,
    ...notes,
  ];
}

async function hasChanged(outDir: string, signature: string): Promise<boolean> {
  const written = await lstat(join(outDir, signature)).catch(() => undefined);
  if (written === undefined) return false;
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const times = mapConcurrent(files, STATS_AT_ONCE, async ({ parentPath, name }) => lstat(join(parentPath, name)));
  for await (const { mtimeMs } of times) if (mtimeMs > written.mtimeMs) return true;
  return false;
}

/** In the run's own folder, which is never searched for images. */
async function pathToKeepAt(outDir: string): Promise<string> {
  const folder = join(dirname(outDir), '.preannotate', 'changed');
  await mkdir(folder, { recursive: true });
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return join(folder, `${basename(outDir)}-${time}`);
}

/** @throws PreannotateError OUTPUT_UNUSABLE when the folder holds files of others, or the images themselves. */
export async function assertReplaceable(
  { outDir, root }: Pick<View, 'outDir' | 'root'>,
  signature: string,
): Promise<void> {
  const entries = await entriesOf(outDir);
  if (entries.length > 0) {
    const holdsImages = `${root}${sep}`.startsWith(`${await realpath(outDir)}${sep}`);
    if (holdsImages || !(await isOwnFile(join(outDir, signature)))) throw foreignFolderError(outDir, holdsImages);
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // missing, or not a folder that can be listed: writing will report what is wrong
  }
}

async function isOwnFile(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(INSPECTED_BYTES), 0, INSPECTED_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead).includes(OWN_NAME);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function foreignFolderError(folder: string, holdsImages: boolean): PreannotateError {
  const what = holdsImages ? 'holds the images themselves' : 'holds files that preannotate did not write';
  return new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message: `${printable(folder)} ${what}; writing the annotations there would delete them.`,
    hint: 'Move it away and run the same command again, or give another output folder. Annotated images are kept.',
  });
}
