import { chmod, readdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hashKey, KEY_FILE, MARKER } from '../../src/features/folder.js';
import { removeFeatures } from '../../src/features/remove-features.js';
import { verifyStore, type FeatureProblem } from '../../src/features/verify-store.js';
import { hashOf, KEY, openStore, sampleFeatures } from '../support/features/sample.js';
import { asOrdinaryUser } from '../support/system/ordinary-user.js';
import { temporaryFolder } from '../support/temporary.js';

const pathOf = (folder: string, image: number) =>
  join(folder, hashKey(KEY), hashOf(image).slice(0, 2), `${hashOf(image)}.safetensors`);

/** Features of three images, in a folder that every user may change. */
async function openFolder(): Promise<string> {
  const folder = await temporaryFolder();
  const { store } = await openStore(folder);
  for (let image = 0; image < 3; image++) await store.write(sampleFeatures(image));
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o777);
  }
  await chmod(folder, 0o777);
  return folder;
}

async function protectFolder(path: string): Promise<() => Promise<void>> {
  await chmod(path, 0o555);
  return () => chmod(path, 0o777);
}

describe('a file that cannot be removed', () => {
  it('is reported by the removal of features, which goes on and keeps the marker', async () => {
    const folder = await openFolder();
    const unprotect = await protectFolder(dirname(pathOf(folder, 1)));
    const removed = await asOrdinaryUser(() => removeFeatures(folder, {}));
    expect(removed).toMatchObject({
      images: 2,
      notRemoved: [{ path: pathOf(folder, 1), problem: 'permission denied' }],
    });
    for (const path of [pathOf(folder, 1), join(folder, MARKER), join(folder, hashKey(KEY), KEY_FILE)])
      await stat(path);
    await unprotect();
    expect(await removeFeatures(folder, {})).toMatchObject({ images: 1, notRemoved: [] });
    await expect(stat(folder)).rejects.toThrow(/ENOENT/);
  });

  it('is reported by a check that removes what cannot be used, which goes on', async () => {
    const folder = await openFolder();
    for (const image of [0, 1]) await writeFile(pathOf(folder, image), 'damaged');
    const unprotect = await protectFolder(dirname(pathOf(folder, 1)));
    const problems: FeatureProblem[] = [];
    const verified = await asOrdinaryUser(() =>
      verifyStore(folder, { fix: true, report: (problem) => problems.push(problem) }),
    );
    expect(verified).toMatchObject({ files: 3, problems: 2, removed: 1, unread: 0 });
    expect(problems.find(({ path }) => path === pathOf(folder, 1))).toMatchObject({
      problem: expect.stringMatching(/; it cannot be removed: permission denied$/) as string,
      isRemoved: false,
    });
    await unprotect();
  });
});

it('a check never removes what cannot be read', async () => {
  const folder = await openFolder();
  await chmod(pathOf(folder, 0), 0);
  const closed = dirname(pathOf(folder, 2));
  await chmod(closed, 0);
  const problems: FeatureProblem[] = [];
  const verified = await asOrdinaryUser(() =>
    verifyStore(folder, { fix: true, report: (problem) => problems.push(problem) }),
  );
  await chmod(closed, 0o777);
  expect(verified).toMatchObject({ files: 2, problems: 2, removed: 0, unread: 2 });
  const paths = problems.map(({ path }) => path);
  expect(paths.sort()).toEqual([pathOf(folder, 0), closed].sort());
  for (const image of [0, 1, 2]) await stat(pathOf(folder, image));
});
