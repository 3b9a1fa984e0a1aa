import { constants } from 'node:fs';
import { access, copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { syncFile } from '../disk/atomic.js';
import { parseLine } from '../disk/checked-line.js';
import { readLines } from '../disk/lines.js';
import { makeFolder } from '../disk/make-folder.js';
import { withOutputErrors } from '../disk/write-failure.js';
import { JOURNAL_FILE } from './read-journal.js';

const FOLDER = '.preannotate/journals';

/** Keeps the journal of an output folder, unless it has no image, before another one is begun in its place. */
export async function keepJournal(outDir: string): Promise<void> {
  const path = join(outDir, JOURNAL_FILE);
  if (!(await hasNoImage(path))) await keepFile(outDir, path, '.jsonl');
}

/** Moves a file that is about to be replaced into the run's own folder, under the time of now. */
export async function keepFile(outDir: string, path: string, ending: string): Promise<void> {
  const folder = join(outDir, FOLDER);
  await withOutputErrors(folder, () => makeFolder(folder));
  const target = await unusedPath(join(folder, new Date().toISOString().replaceAll(/[:.]/g, '-')), ending);
  await withOutputErrors(path, () => moveOrCopy(path, target));
}

/** Nothing, or a header alone. */
async function hasNoImage(path: string): Promise<boolean> {
  try {
    for await (const { line, number, complete } of readLines(path)) {
      if (number > 1 || !complete || parseLine(line) === undefined) return false;
    }
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT'; // else it is there, and not known
  }
}

async function unusedPath(start: string, ending: string): Promise<string> {
  for (let path = start + ending, n = 2; ; path = `${start}-${n++}${ending}`) {
    const isUsed = await access(path).then(
      () => true,
      () => false,
    );
    if (!isUsed) return path;
  }
}

/** A copy where the run's own folder is a link to another file system. */
async function moveOrCopy(path: string, target: string): Promise<void> {
  try {
    await rename(path, target);
  } catch (error) {
    if (systemCodeOf(error) !== 'EXDEV') throw error;
    await copyFile(path, target, constants.COPYFILE_EXCL);
    await syncFile(target); // the original is emptied next
  }
}
