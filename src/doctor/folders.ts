import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../disk/cache.js';
import { hubEnvironment } from '../hub/environment.js';

/** A folder in which things are kept for later. */
export interface CacheFolder {
  readonly purpose: string;
  readonly path: string;
  readonly exists: boolean;
  readonly writable: boolean; // of a folder that is not there: it can be made
  readonly sizeBytes: number;
  readonly freeBytes: number | undefined; // of its disk
}

const MAX_FILES = 100_000; // a look, not an audit

export function describeCaches(): Promise<CacheFolder[]> {
  return Promise.all([
    describe('embeddings, hashes', cacheFolder()),
    describe('models of the Hugging Face Hub', hubEnvironment(process.env).cache),
  ]);
}

async function describe(purpose: string, path: string): Promise<CacheFolder> {
  const there = await nearestFolder(path);
  const free = await statfs(there).catch(() => undefined);
  return {
    purpose,
    path,
    exists: there === path,
    writable: await access(there, constants.W_OK).then(
      () => true,
      () => false,
    ),
    sizeBytes: there === path ? await sizeOf(path) : 0,
    freeBytes: free === undefined ? undefined : free.bavail * free.bsize,
  };
}

/** The folder, or the first above it that exists. */
async function nearestFolder(path: string): Promise<string> {
  const there = await stat(path).catch(() => undefined);
  return there !== undefined || dirname(path) === path ? path : nearestFolder(dirname(path));
}

/** Bytes of the files in it; links, of which the Hub's cache is full, count nothing. */
async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let sizeBytes = 0;
  for (const entry of entries.slice(0, MAX_FILES)) {
    if (entry.isFile()) sizeBytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return sizeBytes;
}
