import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { countFiles, type FileCounts } from './file-index.js';
import { hashKey, inspectFolder, KEY_FILE, readKeyFile, requireFolder, SHORT_KEY_CHARACTERS } from './folder.js';
import { listKeys } from './found-files.js';
import type { FeatureKey } from './image-features.js';

/** How much a folder of features holds. */
export interface StoreSize extends FileCounts {
  readonly totalBytes: number; // under all keys
}

/**
 * Counts the images under a key, and writes nothing. A folder that is missing or empty holds nothing.
 *
 * @throws PreannotateError CONFIG_INVALID for a folder that is not empty and has no marker of ours
 */
export async function inspectStore({ folder, key }: { folder: string; key: FeatureKey }): Promise<StoreSize> {
  const own = hashKey(key);
  let found: FileCounts = { images: 0, bytes: 0 };
  let totalBytes = 0;
  if ((await inspectFolder(folder)) !== 'ours') return { ...found, totalBytes };
  for (const name of await listKeys(folder)) {
    const counts = await countFiles(join(folder, name), { save: false });
    totalBytes += counts.bytes;
    if (name === own) found = counts;
  }
  return { ...found, totalBytes };
}

/** The features of one key. */
export interface StoredKey extends FileCounts {
  readonly hash: string; // the name of its folder
  readonly shortHash: string; // of those characters that people are shown
  readonly model?: string; // what people call it
  readonly key?: FeatureKey; // missing where its file is damaged
  readonly usedMs?: number; // when something last opened it to write
}

/** Describes what a folder of features holds. @throws PreannotateError CONFIG_INVALID where it is no such folder */
export async function listStoredKeys(folder: string): Promise<StoredKey[]> {
  await requireFolder(folder);
  const keys: StoredKey[] = [];
  for (const hash of await listKeys(folder)) keys.push(await describeKey(folder, hash));
  return keys;
}

async function describeKey(folder: string, hash: string): Promise<StoredKey> {
  const keyFolder = join(folder, hash);
  const counts = await countFiles(keyFolder, { save: true });
  const stats = await stat(join(keyFolder, KEY_FILE)).catch(() => undefined);
  const described = await readKeyFile(keyFolder);
  const shortHash = hash.slice(0, SHORT_KEY_CHARACTERS);
  return { hash, shortHash, ...described, ...counts, ...(stats === undefined ? {} : { usedMs: stats.mtimeMs }) };
}
