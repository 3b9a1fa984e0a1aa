import { lstat, mkdir, open, readdir, realpath, utimes } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { PreannotateError, systemCodeOf } from '../core/errors.js';
import { mapConcurrent } from '../core/stream.js';
import { printable } from '../core/text.js';
import { replaceFolder } from '../disk/atomic.js';
import type { View } from './format.js';

const OURS = 'preannotate'; // what every signature file says near its beginning
const LOOKED_AT_BYTES = 4096;
const STATS_AT_ONCE = 64; // network file systems answer many at once

/**
 * Replaces the folder of a view by what `fill` writes, so that it is complete at all times. An output folder may be one that
 * holds a data set already: what is not a view of ours is never deleted. Nor is a view that somebody has worked on: it is
 * moved into the run's own folder.
 *
 * @param signature - Name of the file by which a view of this format is known again.
 * @returns What `fill` wants to be known, and where a changed view went.
 * @throws PreannotateError OUTPUT_UNUSABLE when something else stands there, or the images themselves.
 */
export async function replaceView(
  view: Pick<View, 'outDir' | 'root'>,
  signature: string,
  fill: (folder: string) => Promise<string[]>,
): Promise<string[]> {
  const { outDir } = view;
  await assertReplaceable(view, signature);
  const keptAt = (await wasWorkedOn(outDir, signature)) ? await placeToKeep(outDir) : undefined;
  const writeLast = async (folder: string) => {
    const notes = await fill(folder);
    const now = new Date(Date.now() + 1); // files have finer times than a Date, and those of this millisecond are ours
    await utimes(join(folder, signature), now, now); // whatever is newer was changed by somebody else
    return notes;
  };
  const notes = await replaceFolder(outDir, writeLast, keptAt);
  if (keptAt === undefined) return notes;
  return [
    `Files in ${printable(outDir)} had been changed since they were written; they are kept in ${printable(keptAt)}.`,
    ...notes,
  ];
}

async function wasWorkedOn(outDir: string, signature: string): Promise<boolean> {
  const written = await lstat(join(outDir, signature)).catch(() => undefined);
  if (written === undefined) return false;
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const times = mapConcurrent(files, STATS_AT_ONCE, async ({ parentPath, name }) => lstat(join(parentPath, name)));
  for await (const { mtimeMs } of times) if (mtimeMs > written.mtimeMs) return true;
  return false;
}

/** In the run's own folder, which is never looked through for images. */
async function placeToKeep(outDir: string): Promise<string> {
  const folder = join(dirname(outDir), '.preannotate', 'changed');
  await mkdir(folder, { recursive: true });
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-');
  return join(folder, `${basename(outDir)}-${time}`);
}

/** @throws PreannotateError OUTPUT_UNUSABLE when something else than a view of ours stands there, or the images themselves. */
export async function assertReplaceable(
  { outDir, root }: Pick<View, 'outDir' | 'root'>,
  signature: string,
): Promise<void> {
  const entries = await entriesOf(outDir);
  if (entries.length > 0) {
    const holdsImages = `${root}${sep}`.startsWith(`${await realpath(outDir)}${sep}`);
    if (holdsImages || !(await isOurs(join(outDir, signature)))) throw foreign(outDir, holdsImages);
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // not there, or no folder that can be listed: writing will say what is wrong
  }
}

async function isOurs(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LOOKED_AT_BYTES), 0, LOOKED_AT_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead).includes(OURS);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function foreign(folder: string, holdsImages: boolean): PreannotateError {
  const what = holdsImages ? 'holds the images themselves' : 'holds files that preannotate did not write';
  return new PreannotateError({
    code: 'OUTPUT_UNUSABLE',
    message: `${printable(folder)} ${what}; writing the annotations there would delete them.`,
    hint: 'Move it away and give the same command again, or give another output folder. What was annotated is kept.',
  });
}
