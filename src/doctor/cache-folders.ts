import { constants } from 'node:fs';
import { access, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../disk/cache.js';
import { readHubEnvironment } from '../hub/environment.js';

/** A folder that the tool caches files in. */
export interface CacheFolder {
  readonly purpose: string;
  readonly path: string;
  readonly exists: boolean;
  readonly writable: boolean; // of a folder that does not exist: it can be created
  readonly sizeBytes: number;
  readonly freeBytes: number | undefined; // of its disk
}

const MAX_FILES = 100_000; // of which sizes are added up, so that doctor stays quick

export function describeCaches(): Promise<CacheFolder[]> {
  return Promise.all([
    describe('what was computed of images and prompts', cacheFolder()),
    describe('models of the Hugging Face Hub', readHubEnvironment(process.env).cache),
  ]);
}

async function describe(purpose: string, path: string): Promise<CacheFolder> {
  const nearest = await findNearestFolder(path);
  const free = await statfs(nearest).catch(() => undefined);
  return {
    purpose,
    path,
    exists: nearest === path,
    writable: await access(nearest, constants.W_OK).then(
      () => true,
      () => false,
    ),
    sizeBytes: nearest === path ? await measureFolder(path) : 0,
    freeBytes: free === undefined ? undefined : free.bavail * free.bsize,
  };
}

/** The folder, or the first above it that exists. */
async function findNearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined || dirname(path) === path ? path : findNearestFolder(dirname(path));
}

/** Bytes of the files in it. Links are not counted: the hub's cache has one to every file. */
async function measureFolder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let sizeBytes = 0;
  for (const entry of entries.slice(0, MAX_FILES)) {
    if (entry.isFile()) sizeBytes += (await stat(join(entry.parentPath, entry.name)).catch(() => ({ size: 0 }))).size;
  }
  return sizeBytes;
}
