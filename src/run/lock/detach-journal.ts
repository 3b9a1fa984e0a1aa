import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { syncFile, syncFolder } from '../../disk/atomic.js';
import { withWriteErrors } from '../../disk/write-failure.js';
import { JOURNAL_FILE } from '../read-journal.js';

/**
 * Replaces the journal by a copy of itself. The run that the folder was taken from may still be running, in the middle
 * of adding a line: it adds it to the file that it has open, which is no longer the journal.
 *
 * @throws PreannotateError WRITE_FAILED
 */
export async function detachJournal(outDir: string): Promise<void> {
  const path = join(outDir, JOURNAL_FILE);
  await withWriteErrors(path, async () => {
    const target = await findFile(path);
    if (target === undefined) return;
    const copy = join(dirname(target), `.preannotate-${randomBytes(6).toString('hex')}`);
    try {
      await copyFile(target, copy, constants.COPYFILE_FICLONE);
      await syncFile(copy); // else a power cut could leave an empty journal
      await rename(copy, target);
      await syncFolder(dirname(target));
    } finally {
      await rm(copy, { force: true });
    }
  });
}

/** Follows links. What is no file cannot be copied; reading it will be refused. */
async function findFile(path: string): Promise<string | undefined> {
  try {
    const target = await realpath(path);
    return (await stat(target)).isFile() ? target : undefined;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined; // nothing was annotated yet
    throw error;
  }
}
