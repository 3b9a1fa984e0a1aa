import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from '../../src/disk/make-folder.js';
import { canMount, readOnlyDisk } from '../support/system/disk.js';
import { temporaryFolder } from '../support/temporary.js';

const isLinux = process.platform === 'linux';

describe('making a folder', () => {
  it('makes those above it too, and returns the topmost one that was missing', async () => {
    const folder = await temporaryFolder();
    expect(await makeFolder(join(folder, 'a/b/c'))).toBe(join(folder, 'a'));
    expect(await makeFolder(join(folder, 'a/b/c'))).toBeUndefined();
    expect(await makeFolder(join(folder, 'a/b/d'))).toBe(join(folder, 'a/b/d'));
    await symlink('a', join(folder, 'link'));
    expect(await makeFolder(join(folder, 'link/e'))).toBe(join(folder, 'link/e'));
  });

  it('works while others make the same folder and while others remove it', async () => {
    const folder = await temporaryFolder();
    const made = await Promise.all(Array.from({ length: 20 }, () => makeFolder(join(folder, 'a/b/c'))));
    expect(made.filter((created) => created === join(folder, 'a'))).toHaveLength(1);
    await rm(join(folder, 'a'), { recursive: true });
    expect(await makeFolder(join(folder, 'a/b'))).toBe(join(folder, 'a'));
  });

  it('fails where a file or a dangling link is in the way', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await symlink('nowhere', join(folder, 'dangling'));
    await expect(makeFolder(join(folder, 'file'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makeFolder(join(folder, 'file/a'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    await expect(makeFolder(join(folder, 'dangling/a'))).rejects.toMatchObject({ code: 'EEXIST' });
  });

  it.skipIf(!isLinux)('ends where the system lets nothing be made (needs /proc)', async () => {
    await expect(makeFolder('/proc/preannotate/a')).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(makeFolder('/proc/self/preannotate/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.skipIf(!canMount)('reports a read-only file system as what it is (needs the right to mount)', async () => {
    const disk = await readOnlyDisk((folder) => mkdir(join(folder, 'there')));
    expect(await makeFolder(join(disk, 'there'))).toBeUndefined();
    await expect(makeFolder(join(disk, 'there/a/b'))).rejects.toMatchObject({ code: 'EROFS' });
  });
});
