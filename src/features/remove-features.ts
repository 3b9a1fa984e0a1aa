import { readdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { INDEX_FILE } from './file-index.js';
import { KEY_FILE, MARKER, readKeyFile, requireFolder, SHORT_KEY_CHARACTERS } from './folder.js';
import { findFiles, listKeys, listShards } from './found-files.js';
import { removeFile } from './remove-unused.js';

/** What is to be removed; by default everything. */
export interface RemovalChoice {
  readonly model?: string; // what people call it, or a key's hash, or at least its short form
  readonly unusedForMs?: number; // only features that were not used for this time
}

/** Something that is still there. */
export interface KeptFile {
  readonly path: string;
  readonly problem: string; // to follow the path and a colon
}

/** What was removed. */
export interface RemovedFeatures {
  readonly models: readonly string[]; // the names of those that were chosen
  readonly images: number;
  readonly freedBytes: number;
  readonly notRemoved: readonly KeptFile[]; // although it was to be
}

/**
 * Removes features, and the folders that are empty then; never a file that is not of ours, nor what is behind a link.
 * What cannot be removed is left, and does not keep the rest.
 *
 * @returns undefined where no key is of the model
 * @throws PreannotateError CONFIG_INVALID where it is not a features folder
 */
export async function removeFeatures(
  folder: string,
  { model, unusedForMs }: RemovalChoice,
): Promise<RemovedFeatures | undefined> {
  await requireFolder(folder);
  const chosen = await chooseKeys(folder, model);
  if (model !== undefined && chosen.length === 0) return undefined;
  const removal = new Removing();
  const beforeMs = unusedForMs === undefined ? Infinity : Date.now() - unusedForMs;
  for (const { key } of chosen) await removal.removeFromKey(join(folder, key), beforeMs);
  const { images, freedBytes, notRemoved } = removal;
  if (model === undefined && unusedForMs === undefined && notRemoved.length === 0) await removal.removeMarker(folder);
  return { models: [...new Set(chosen.map(({ name, key }) => name ?? key))], images, freedBytes, notRemoved };
}

/** The keys of a model: all that have its exact name, or else the only one whose hash begins like this. */
async function chooseKeys(folder: string, model: string | undefined): Promise<{ key: string; name?: string }[]> {
  const keys: { key: string; name?: string }[] = [];
  for (const key of await listKeys(folder)) {
    const name = (await readKeyFile(join(folder, key)))?.model;
    keys.push({ key, ...(name === undefined ? {} : { name }) });
  }
  if (model === undefined) return keys;
  const named = keys.filter(({ name }) => name === model);
  if (named.length > 0 || model.length < SHORT_KEY_CHARACTERS) return named;
  const hashed = keys.filter(({ key }) => key.startsWith(model));
  return hashed.length === 1 ? hashed : [];
}

class Removing {
  images = 0;
  freedBytes = 0;
  readonly notRemoved: KeptFile[] = [];

  /** Removes what was last used before a time. */
  async removeFromKey(keyFolder: string, beforeMs: number): Promise<void> {
    let isUsed = await wasUsedSince(beforeMs, join(keyFolder, KEY_FILE)); // a run may have just opened it
    const passOver = ({ path, problem, isFolder }: KeptFile & { isFolder: boolean }) => {
      if (isFolder) this.notRemoved.push({ path, problem });
    };
    const before = this.notRemoved.length;
    for await (const files of findFiles(keyFolder, passOver)) {
      for (const file of files) {
        if (file.usedMs >= beforeMs) isUsed = true;
        else if ((await this.#remove(file)) > 0 && file.sha256 !== undefined) this.images++;
      }
    }
    if (!isUsed && this.notRemoved.length === before) await this.#removeRest(keyFolder);
  }

  /** The marker goes last: what was interrupted can be begun again. */
  async removeMarker(folder: string): Promise<void> {
    await this.#remove({ path: join(folder, MARKER), sizeBytes: 0 });
    await removeIfEmpty(folder);
  }

  /** Removes what is left of a key without features. */
  async #removeRest(keyFolder: string): Promise<void> {
    for (const shard of await listShards(keyFolder)) await removeIfEmpty(join(keyFolder, shard));
    for (const name of await readdir(keyFolder)) {
      if (name !== KEY_FILE && !INDEX_FILE.test(name)) continue;
      await this.#remove({ path: join(keyFolder, name), sizeBytes: 0 });
    }
    await removeIfEmpty(keyFolder);
  }

  async #remove(file: { path: string; sizeBytes: number }): Promise<number> {
    const { freedBytes, problem } = await removeFile(file);
    if (problem !== undefined) this.notRemoved.push({ path: file.path, problem });
    this.freedBytes += freedBytes;
    return freedBytes;
  }
}

async function wasUsedSince(sinceMs: number, path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && stats.mtimeMs >= sinceMs;
}

async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => {}); // something of others is in it, or was written meanwhile
}
