import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findLibrary, loaderPaths, missingLibraries } from '../../../src/disk/libraries/loader.js';
import { writeLibrary } from '../../support/system/elf.js';
import { canLink } from '../../support/system/links.js';
import { temporaryFolder } from '../../support/temporary.js';

const onLinux = process.platform === 'linux';
const nowhere = { libraryPath: [], cache: new Map(), folders: [] };

describe('a library is looked for as the loader does', () => {
  it.skipIf(!onLinux)('in its cache and in the default folders (needs Linux)', () => {
    expect(findLibrary('libc.so.6', loaderPaths({}))).toMatch(/libc\.so\.6$/);
    expect(findLibrary('libstdc++.so.6', loaderPaths({}))).toMatch(/^\/.*libstdc\+\+\.so\.6$/);
    expect(findLibrary('libnothing-of-the-kind.so.9', loaderPaths({}))).toBeUndefined();
  });

  it('in LD_LIBRARY_PATH first', async () => {
    const folder = await temporaryFolder();
    await writeLibrary(join(folder, 'libc.so.6'), {});
    expect(findLibrary('libc.so.6', loaderPaths({ LD_LIBRARY_PATH: `/nowhere:${folder}` }))).toBe(
      join(folder, 'libc.so.6'),
    );
  });

  it('skipping files for another processor and files that are not libraries', async () => {
    const folder = await temporaryFolder();
    for (const name of ['arm', 'text', 'right']) await mkdir(join(folder, name));
    await writeLibrary(join(folder, 'arm/libx.so'), { machine: 183 });
    await writeFile(join(folder, 'text/libx.so'), 'INPUT(libx.so.1)');
    await writeLibrary(join(folder, 'right/libx.so'), {});
    const libraryPath = ['arm', 'text', 'right'].map((name) => join(folder, name));
    const from = { machine: 62, needed: [], searchPath: [], path: join(folder, 'app.so') };
    expect(findLibrary('libx.so', { ...nowhere, libraryPath }, from)).toBe(join(folder, 'right/libx.so'));
  });
});

describe('libraries that are missing', () => {
  it('are found through those that are there, and each is listed once', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'lib'));
    const needed = ['libcudart.so.13', 'libcudnn.so.9', 'libcublas.so.13', 'libown.so'];
    await writeLibrary(join(folder, 'libprovider.so'), { needed, runpath: '$ORIGIN/lib' });
    await writeLibrary(join(folder, 'lib/libcublas.so.13'), { needed: ['libcublasLt.so.13', 'libcudart.so.13'] });
    expect(missingLibraries(join(folder, 'libprovider.so'), nowhere, ['libown.so'])).toEqual([
      { name: 'libcudart.so.13', neededBy: 'libprovider.so' },
      { name: 'libcudnn.so.9', neededBy: 'libprovider.so' },
      { name: 'libcublasLt.so.13', neededBy: 'libcublas.so.13' },
    ]);
  });

  it.skipIf(!canLink)('are none when all are there, including circles and links', async () => {
    const folder = await temporaryFolder();
    await writeLibrary(join(folder, 'liba.so.1.2'), { needed: ['libb.so'], runpath: '${ORIGIN}' });
    await symlink('liba.so.1.2', join(folder, 'liba.so'));
    await writeLibrary(join(folder, 'libb.so'), { needed: ['liba.so'], runpath: '$ORIGIN' });
    expect(missingLibraries(join(folder, 'liba.so'), nowhere)).toEqual([]);
  });
});
