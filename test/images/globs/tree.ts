import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

export const NAMES = [
  'a.jpg',
  'b.png',
  'sub/c.jpg',
  'sub/deep/d.jpg',
  'other/sub/e.jpg',
  'photos (1)/f.jpg',
  'photos 1/f.jpg',
  '[v1]/g.jpg',
  'v/g.jpg',
  '{x,y}/h.jpg',
  'x/h.jpg',
  'y/h.jpg',
  'IMG(1).jpg',
  'IMG1.jpg',
  'q[ab].jpg',
  'qa.jpg',
  'q!.jpg',
  'shot,1.jpg',
  'shot,2.jpg',
  '!bang.jpg',
  'trail /i.jpg',
  'Case/j.jpg',
  'star*.jpg',
  'starry.jpg',
  'line\nbreak/k.jpg',
  'back\\slash.jpg',
];

/**
 * A folder `photos` with files whose names are patterns themselves; beside it, an image and a link to the folder. It is
 * there while the tests of the file run.
 */
export function useTree(): { parent: string; root: string } {
  const tree = { parent: '', root: '' };
  beforeAll(async () => {
    tree.parent = await realpath(await mkdtemp(join(tmpdir(), 'preannotate-test-')));
    tree.root = join(tree.parent, 'photos');
    for (const name of [...NAMES, 'empty/none.txt', '../outside.jpg']) {
      await mkdir(dirname(join(tree.root, name)), { recursive: true });
      await writeFile(join(tree.root, name), 'x');
    }
    await symlink('photos', join(tree.parent, 'link'));
  });
  afterAll(() => rm(tree.parent, { recursive: true, force: true }));
  return tree;
}
