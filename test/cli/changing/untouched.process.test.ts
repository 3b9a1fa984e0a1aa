import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EMOJI, manyScenes, preannotate } from '../../support/cli.js';
import { photosNamed } from '../../support/photos.js';
import { temporaryFolder } from '../../support/temporary.js';

/** Of every file below a folder, what a rewrite, a move or a change of times would change. */
async function stampsBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  const stamps = paths.map(async (path) => {
    const { ino, size, mtimeNs, ctimeNs } = await lstat(path, { bigint: true });
    return [path, [ino, size, mtimeNs, ctimeNs].join(' ')];
  });
  return Object.fromEntries(await Promise.all(stamps)) as Record<string, string>;
}

describe('an export that changes nothing', () => {
  it('rewrites no file of 2,000 images', async () => {
    const folder = await temporaryFolder();
    const [images, out] = [join(folder, 'images'), join(folder, 'out')];
    const count = await manyScenes(images, 42);
    expect(count).toBeGreaterThanOrEqual(2000);
    expect((await preannotate(['run', images, ...EMOJI, '--out', out])).code).toBe(0);
    const before = await stampsBelow(out);
    expect((await preannotate(['export', out])).code).toBe(0);
    expect(await stampsBelow(out)).toEqual(before);
  });
});

describe('the images of a run', () => {
  it.each(['none', 'symlink', 'hardlink', 'copy'])(
    'are as they were after everything with --images %s',
    async (how) => {
      const photos = await photosNamed(['a.jpg', 'sub/b.jpg']);
      await photos.put('c.png', 'scene-21.png');
      const isLinked = how === 'hardlink'; // which counts the links of a file, and so sets its ctime
      const look = async () => {
        const stamps = await stampsBelow(photos.folder);
        const texts = await Promise.all(Object.keys(stamps).map((path) => readFile(path, 'base64')));
        const kept = Object.values(stamps).map((stamp) => (isLinked ? stamp.split(' ').slice(0, 3).join(' ') : stamp));
        return { names: Object.keys(stamps).sort(), kept: kept.sort(), texts: texts.sort() };
      };
      const before = await look();
      for (const flags of [['--preview'], [], ['--restart'], ['--retry-failed']])
        expect((await photos.run('--images', how, ...flags)).code).toBe(0);
      expect((await preannotate(['export', photos.out, '--images', how])).code).toBe(0);
      expect(await look()).toEqual(before);
    },
  );
});
