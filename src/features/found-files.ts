import { lstatSync, type Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.js';
import { below } from '../disk/calls/below.js';
import { callFile } from '../disk/calls/call-file.js';
import { describeReadError } from '../disk/readable-file.js';
import { FEATURE_FILE, KEY_FOLDER, SHARD_FOLDER, TEMPORARY } from './folder.js';

/** What was left by a process that was killed is removed after this time: until then it may be being written. */
const LEFT_OVER_MS = 3_600_000;

/** A file of features, or one that is being written. */
export interface FoundFile {
  readonly path: string;
  readonly sha256?: string; // of the image; of a file with its final name
  readonly sizeBytes: number;
  readonly usedMs: number; // when it was written, or read last
}

/** Something that findFiles passes over. */
export interface PassedOver {
  readonly path: string;
  readonly problem: string; // to follow the path and a colon
  readonly isFolder: boolean; // of files, which could not be listed; else it has the place of a file
}

/** The names of the folders of keys. */
export async function listKeys(folder: string): Promise<string[]> {
  return listFolders(folder, KEY_FOLDER);
}

/**
 * Every file of a key, a folder at a time: of a million images, some 4000 files. Other files are left out.
 *
 * @param passOver - Gets what is not a file, and folders that cannot be listed; without it, those are errors.
 */
export async function* findFiles(
  keyFolder: string,
  passOver?: (what: PassedOver) => void,
): AsyncGenerator<FoundFile[]> {
  const list = async <Entry>(folder: string, names: () => Promise<Entry[]>): Promise<Entry[]> => {
    try {
      return await names();
    } catch (error) {
      if (passOver === undefined) throw error;
      passOver({ path: folder, problem: describeReadError(error), isFolder: true });
      return [];
    }
  };
  for (const shard of await list(keyFolder, () => listShards(keyFolder))) {
    const folder = join(keyFolder, shard);
    yield await list(folder, () => listShard(folder, passOver));
  }
}

export async function listShards(keyFolder: string): Promise<string[]> {
  return listFolders(keyFolder, SHARD_FOLDER);
}

export async function listShard(shardFolder: string, passOver?: (what: PassedOver) => void): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  for (const name of await readdir(shardFolder).catch(ignoreMissing)) {
    const [, sha256] = FEATURE_FILE.exec(name) ?? [];
    if (sha256 === undefined && !name.startsWith(TEMPORARY)) continue;
    const path = below(shardFolder, name);
    const stats = await callFile<Stats | undefined>({
      now: () => lstatSync(path, { throwIfNoEntry: false }),
      later: () => lstat(path).catch(() => undefined),
    });
    if (stats === undefined) continue; // removed meanwhile
    if (!stats.isFile()) {
      if (sha256 !== undefined) passOver?.({ path, problem: describeKind(stats), isFolder: false });
      continue;
    }
    found.push({ path, ...(sha256 === undefined ? {} : { sha256 }), sizeBytes: stats.size, usedMs: stats.mtimeMs });
  }
  return found;
}

/** Whether a file was left by a process that was killed while it wrote. */
export function isLeftOver({ sha256, usedMs }: FoundFile): boolean {
  return sha256 === undefined && Date.now() - usedMs > LEFT_OVER_MS;
}

/** Real folders only: links are not followed. */
async function listFolders(folder: string, pattern: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(ignoreMissing);
  return entries
    .filter((entry) => pattern.test(entry.name) && entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function describeKind(stats: Stats): string {
  const kind = stats.isDirectory() ? 'a folder' : stats.isSymbolicLink() ? 'a link' : 'a socket, pipe or device';
  return `it is ${kind}, not a file`;
}

/** Another process may have removed a folder meanwhile. */
function ignoreMissing(error: unknown): [] {
  if (systemCodeOf(error) === 'ENOENT' || systemCodeOf(error) === 'ENOTDIR') return [];
  throw error;
}
