import { randomBytes } from 'node:crypto';
import { renameSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCodeOf } from '../../core/errors.js';
import { callFile } from '../../disk/calls/call-file.js';
import { makeFolder } from '../../disk/make-folder.js';

/**
 * Moves a file or folder, also to another file system, and keeps its times. Links are moved as links. A file in the
 * place is replaced; it is complete at all times.
 *
 * @throws the errors of the file system as they are.
 */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await callFile({ now: () => renameSync(from, to), later: () => rename(from, to) });
  } catch (error) {
    if (systemCodeOf(error) !== 'ENOENT' && systemCodeOf(error) !== 'EXDEV') throw error;
    await makeFolder(dirname(to));
    await renameOrCopy(from, to);
  }
}

async function renameOrCopy(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCodeOf(error) !== 'EXDEV') throw error;
    await copyAndRemove(from, to);
  }
}

async function copyAndRemove(from: string, to: string): Promise<void> {
  const temporary = join(dirname(to), `.preannotate-${randomBytes(6).toString('hex')}`);
  try {
    await cp(from, temporary, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await rm(from, { recursive: true });
}
