import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FeatureStore } from '../../../src/features/feature-store.js';
import { readKeyFile } from '../../../src/features/folder.js';
import { withComment } from '../../support/other-bytes.js';

/** So many copies, no two of them with as many bytes, as with photographs of a camera. @returns Their folder. */
export async function copyPhotos(photos: readonly string[], count: number, folder: string): Promise<string> {
  await mkdir(folder);
  const contents = await Promise.all(photos.map((photo) => readFile(photo)));
  for (let i = 0; i < count; i++) {
    const bytes = withComment(contents[i % photos.length]!, 'x'.repeat(i));
    await writeFile(join(folder, `${String(i).padStart(6, '0')}.jpg`), bytes);
  }
  return folder;
}

/** Stores for copies of photos what was stored for the photos: encoding thousands would take an hour. */
export async function copyFeatures(what: {
  store: string;
  photos: readonly string[];
  images: string;
}): Promise<string> {
  const [hash] = (await readdir(what.store)).filter((name) => /^[0-9a-f]{32}$/.test(name));
  const keyFolder = join(what.store, hash!);
  const { key } = (await readKeyFile(keyFolder))!;
  const problems: string[] = [];
  await using store = await FeatureStore.open({
    ...{ folder: what.store, key, writable: true },
    onProblem: ({ message }) => problems.push(message),
  });
  const kept = await Promise.all(what.photos.map(async (photo) => store.read(await hashOf(photo))));
  for (const [i, name] of (await readdir(what.images)).sort().entries()) {
    const path = join(what.images, name);
    const { size } = await stat(path);
    await store.write({ ...kept[i % kept.length]!, sha256: await hashOf(path), sizeBytes: size });
  }
  if (problems.length > 0) throw new Error(problems[0]);
  return keyFolder;
}

async function hashOf(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
