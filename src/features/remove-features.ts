import { readdir, rm, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { INDEX_FILE } from './file-index.js';
import { KEY_FILE, MARKER, requireFolder, readKeyFile } from './folder.js';
import { findFiles, listKeys, listShards } from './found-files.js';
import { removeFile } from './remove-unused.js';

/** What is to be removed; by default everything. */
export interface RemovalChoice {
  readonly model?: string; // what people call it, or the beginning of a key's hash
  readonly unusedForMs?: number; // only features that were not used for this time
}

/** What was removed. */
export interface RemovedFeatures {
  readonly models: readonly string[]; // the names of those that were chosen
  readonly images: number;
  readonly freedBytes: number;
}

/**
 * Removes features, and the folders that are empty then; never a file that is not of ours, nor what is behind a link.
 *
 * @returns undefined where no key is of the model
 * @throws PreannotateError CONFIG_INVALID where it is no folder of features
 */
export async function removeFeatures(
  folder: string,
  { model, unusedForMs }: RemovalChoice,
): Promise<RemovedFeatures | undefined> {
  await requireFolder(folder);
  const models = new Set<string>();
  let [images, freedBytes, chosen] = [0, 0, 0];
  const beforeMs = unusedForMs === undefined ? Infinity : Date.now() - unusedForMs;
  for (const key of await listKeys(folder)) {
    const keyFolder = join(folder, key);
    const name = (await readKeyFile(keyFolder))?.model;
    if (model !== undefined && name !== model && !key.startsWith(model)) continue;
    chosen++;
    models.add(name ?? key);
    let isUsed = await wasUsedSince(beforeMs, join(keyFolder, KEY_FILE)); // a run may have just opened it
    for await (const files of findFiles(keyFolder)) {
      for (const file of files) {
        if (file.usedMs >= beforeMs) {
          isUsed = true;
          continue;
        }
        const freed = await removeFile(file);
        freedBytes += freed;
        if (file.sha256 !== undefined && freed > 0) images++;
      }
    }
    if (!isUsed) await removeKey(keyFolder);
  }
  if (model !== undefined && chosen === 0) return undefined;
  if (model === undefined && unusedForMs === undefined) await removeMarker(folder);
  return { models: [...models], images, freedBytes };
}

/** Removes what is left of a key without features. */
async function removeKey(keyFolder: string): Promise<void> {
  for (const shard of await listShards(keyFolder)) await removeIfEmpty(join(keyFolder, shard));
  for (const name of await readdir(keyFolder)) {
    if (name === KEY_FILE || INDEX_FILE.test(name)) await rm(join(keyFolder, name), { force: true });
  }
  await removeIfEmpty(keyFolder);
}

async function wasUsedSince(sinceMs: number, path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => undefined);
  return stats !== undefined && stats.mtimeMs >= sinceMs;
}

/** The marker goes last: what was interrupted can be begun again. */
async function removeMarker(folder: string): Promise<void> {
  await rm(join(folder, MARKER), { force: true });
  await removeIfEmpty(folder);
}

async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => {}); // something of others is in it, or was written meanwhile
}
