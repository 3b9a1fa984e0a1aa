import { join } from 'node:path';
import { findFiles, listKeys } from './found-files.js';
import { hashKey, inspectFolder } from './folder.js';
import type { FeatureKey } from './image-features.js';

/** How much a folder of features holds. */
export interface StoreSize {
  readonly images: number; // that have features under the key
  readonly bytes: number; // of them
  readonly totalBytes: number; // under all keys
}

/**
 * Looks at a folder of features, and writes nothing. One that is missing or empty holds nothing.
 *
 * @throws PreannotateError CONFIG_INVALID for a folder that is not empty and has no marker of ours
 */
export async function inspectStore({ folder, key }: { folder: string; key: FeatureKey }): Promise<StoreSize> {
  const own = hashKey(key);
  let [images, bytes, totalBytes] = [0, 0, 0];
  if ((await inspectFolder(folder)) !== 'ours') return { images, bytes, totalBytes };
  for (const name of await listKeys(folder)) {
    const count = await countKey(join(folder, name));
    totalBytes += count.bytes;
    if (name === own) ({ images, bytes } = count);
  }
  return { images, bytes, totalBytes };
}

async function countKey(keyFolder: string): Promise<{ images: number; bytes: number }> {
  let [images, bytes] = [0, 0];
  for await (const files of findFiles(keyFolder)) {
    for (const { sha256, sizeBytes } of files) {
      bytes += sizeBytes;
      if (sha256 !== undefined) images++;
    }
  }
  return { images, bytes };
}
