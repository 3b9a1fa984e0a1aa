import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCodeOf } from '../core/errors.js';

const ATTEMPTS = 3;

/**
 * Creates a folder, and those above it that are missing. Unlike `mkdir` with `recursive`, it ends where the system
 * creates nothing (below /proc, Node retries indefinitely), and its error is that of the folder that could not be
 * created (Node replaces "read-only file system" by ENOENT).
 *
 * @returns The topmost folder that was created; undefined when all were there.
 * @throws the system's error of the first folder that cannot be created.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  let created: string | undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      for (const folder of await findMissing(resolve(path))) {
        if (await makeOne(folder)) created ??= folder;
      }
      return created;
    } catch (error) {
      // Another process may have removed one that was there: a refused run leaves no empty folders.
      if (systemCodeOf(error) !== 'ENOENT' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The folders that are to be created, outermost first. */
async function findMissing(path: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = path; !(await isFolder(folder)) && dirname(folder) !== folder; folder = dirname(folder)) {
    missing.unshift(folder);
  }
  return missing;
}

/** @returns false when another process has created it meanwhile. */
async function makeOne(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST' && (await isFolder(folder))) return false;
    throw error;
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
