import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { IMAGE_FILES, type ImageFiles } from '../../src/core/image-files.js';
import { formats } from '../../src/formats/index.js';
import { asyncOf, imagesNamed, viewOf, written } from './views.js';

const NAMES = ['a.jpg', 'sub/b.jpg'];
const JPEG = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9]);
const TRAILED = Buffer.concat([JPEG, Buffer.from('a trailer')]);

async function viewWith(imageFiles: ImageFiles, contents: Record<string, Buffer> = {}) {
  const view = await viewOf('yolo', imagesNamed(NAMES));
  for (const [name, bytes] of Object.entries(contents)) await writeFile(join(view.root, name), bytes);
  return { ...view, imageFiles };
}

function contentOf(bytes: Buffer) {
  return { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** What is in a place: a link to the image, the image under another name, or a copy. */
async function kindOf(path: string, source: string): Promise<ImageFiles> {
  const [stats, image] = [await lstat(path).catch(() => undefined), await lstat(source)];
  if (stats === undefined) return 'none';
  if (stats.isSymbolicLink()) return 'symlink';
  return stats.ino === image.ino ? 'hardlink' : 'copy';
}

describe('the images of a YOLO view', () => {
  it.each(IMAGE_FILES)('are placed as asked for: %s', async (how) => {
    const view = await viewWith(how);
    const notes = await formats.yolo.write(view);
    for (const name of NAMES) {
      const path = join(view.outDir, 'images/train', name);
      expect(await kindOf(path, join(view.root, name))).toBe(how);
      if (how !== 'none') expect(await readFile(path, 'utf8')).toBe(name);
      if (how === 'symlink') expect(await readlink(path)).toMatch(/^\.\./);
    }
    expect((await readdir(view.outDir)).includes('images')).toBe(how !== 'none');
    expect(notes.some((note) => note.includes('--images none'))).toBe(how === 'none');
  });

  it('change from any form to any other, without being taken for edited files', async () => {
    const view = await viewWith('symlink');
    for (const how of [...IMAGE_FILES, ...[...IMAGE_FILES].reverse(), 'copy', 'symlink', 'copy'] as const) {
      const notes = await formats.yolo.write({ ...view, imageFiles: how });
      expect(notes.join()).not.toContain('edited');
      for (const name of NAMES)
        expect(await kindOf(join(view.outDir, 'images/train', name), join(view.root, name))).toBe(how);
      for (const name of NAMES) expect(await readFile(join(view.root, name), 'utf8')).toBe(name); // never touched
    }
  });

  it.each(['symlink', 'hardlink', 'copy'] as const)(
    'are copied, with %s, where training programs would rewrite them',
    async (how) => {
      const view = await viewWith(how, { 'a.jpg': TRAILED, 'sub/b.jpg': JPEG });
      const notes = await formats.yolo.write(view);
      const copied = join(view.outDir, 'images/train/a.jpg');
      expect(await kindOf(copied, join(view.root, 'a.jpg'))).toBe('copy');
      expect(await kindOf(join(view.outDir, 'images/train/sub/b.jpg'), join(view.root, 'sub/b.jpg'))).toBe(how);
      expect(await readFile(copied)).toEqual(TRAILED);
      const note = notes.filter((text) => text.includes('after the end of the picture'));
      expect(note).toEqual(how === 'copy' ? [] : [expect.stringContaining('1 JPEG file with data')]);
      if (how !== 'copy') expect(note[0]).toContain('(a.jpg) is copied into yolo/images');
      await writeFile(copied, JPEG); // as Ultralytics does
      expect(await readFile(join(view.root, 'a.jpg'))).toEqual(TRAILED);
      for (let time = 0; time < 2; time++) expect((await formats.yolo.write(view)).join()).not.toContain('edited');
      expect(await readFile(copied)).toEqual(JPEG); // which is not an edit, and stays
    },
  );

  it.each([false, true])(
    'that were rewritten or edited are moved aside when their image has changed or leaves (exported before: %s)',
    async (isExported) => {
      const view = await viewWith('symlink', { 'a.jpg': TRAILED });
      const [a, b] = imagesNamed(NAMES);
      const write = (image: object) => formats.yolo.write({ ...view, images: asyncOf([{ ...a!, ...image }, b!]) });
      const copied = join(view.outDir, 'images/train/a.jpg');
      let bytes = TRAILED;
      const edit = async (content: string) => {
        await write(contentOf(bytes));
        await writeFile(copied, content);
        if (isExported) expect((await write(contentOf(bytes))).join()).not.toMatch(/edited|changed,/);
        expect(await readFile(copied, 'utf8')).toBe(content);
      };
      const expectKept = async (notes: string[], content: string) => {
        const text = /that were changed, .* now in (\S+), because .* left the view: (\S+)\./.exec(notes.join('\n'));
        expect(text?.[2]).toBe('images/train/a.jpg');
        expect(await readFile(join(text![1]!, 'images/train/a.jpg'), 'utf8')).toBe(content);
      };
      for (const changed of [Buffer.concat([TRAILED, TRAILED]), JPEG]) {
        const content = 'x'.repeat(bytes.length); // of the same size
        await edit(content);
        bytes = changed;
        await writeFile(join(view.root, 'a.jpg'), bytes);
        await expectKept(await write(contentOf(bytes)), content);
        expect(await readFile(copied)).toEqual(bytes);
        expect((await write(contentOf(bytes))).join()).not.toContain('that were changed');
      }
      bytes = TRAILED;
      await writeFile(join(view.root, 'a.jpg'), bytes);
      await edit('by hand');
      await write({ ...contentOf(bytes), isMissing: true });
      expect(await readFile(copied, 'utf8')).toBe('by hand');
      await expectKept(await formats.yolo.write({ ...view, images: asyncOf([b!]) }), 'by hand');
      expect(await readdir(join(view.outDir, 'images/train'))).toEqual(['sub']);
    },
  );

  it('that nobody has changed are removed with their image', async () => {
    const view = await viewWith('symlink', { 'a.jpg': TRAILED });
    const [a, b] = imagesNamed(NAMES);
    const images = asyncOf([{ ...a!, ...contentOf(TRAILED) }, b!]);
    for (let time = 0; time < 2; time++) await formats.yolo.write({ ...view, images });
    expect((await formats.yolo.write({ ...view, images: asyncOf([b!]) })).join()).not.toContain('that were changed');
    expect(await readdir(join(view.outDir, 'images/train'))).toEqual(['sub']);
    expect(await readdir(join(view.outDir, '../.preannotate'))).not.toContain('changed');
  });

  it.each(['symlink', 'hardlink', 'copy'] as const)(
    'stay where they are kept although they are gone: %s',
    async (how) => {
      const view = await viewWith(how);
      await formats.yolo.write(view);
      const path = join(view.outDir, 'images/train/a.jpg');
      const before = await lstat(path);
      await rm(join(view.root, 'a.jpg'));
      const [a, b] = imagesNamed(NAMES);
      const kept = { ...view, images: asyncOf([{ ...a!, isMissing: true }, b!]) };
      for (let time = 0; time < 2; time++) {
        expect((await formats.yolo.write(kept)).join()).not.toMatch(/edited|placed/);
        expect((await lstat(path)).ino).toBe(before.ino);
      }
      await formats.yolo.write({ ...view, images: asyncOf([b!]) });
      expect(await readdir(join(view.outDir, 'images/train'))).toEqual(['sub']);
    },
  );

  it('that were hard links are known again in a copy of the folder', async () => {
    const view = await viewWith('hardlink');
    await formats.yolo.write(view);
    const path = join(view.outDir, 'images/train/a.jpg');
    const bytes = await readFile(path);
    await rm(path);
    await writeFile(path, bytes);
    expect((await formats.yolo.write(view)).join()).not.toContain('edited');
    expect(await kindOf(path, join(view.root, 'a.jpg'))).toBe('hardlink');
  });

  it('that are links themselves are hard-linked to the image', async () => {
    const view = await viewWith('hardlink');
    await rm(join(view.root, 'a.jpg'));
    await writeFile(join(view.root, 'real'), JPEG);
    await symlink('real', join(view.root, 'a.jpg'));
    await formats.yolo.write(view);
    expect(await kindOf(join(view.outDir, 'images/train/a.jpg'), join(view.root, 'real'))).toBe('hardlink');
  });

  it.each(['copy', 'hardlink'] as const)('that are gone are left out and counted: %s', async (how) => {
    const view = await viewWith(how);
    await rm(join(view.root, 'a.jpg'));
    expect((await formats.yolo.write(view)).join()).toContain('1 image could not be placed in yolo/images');
    expect(await readdir(join(view.outDir, 'images/train'))).toEqual(['sub']);
    expect(await readdir(join(view.outDir, 'labels/train'))).toEqual(['a.txt', 'sub']);
  });

  it('are linked by paths that are right in a folder reached through a link', async () => {
    const { view } = await written('yolo', imagesNamed(NAMES));
    expect(await realpath(join(view.outDir, 'images/train/a.jpg'))).toBe(await realpath(join(view.root, 'a.jpg')));
    const far = join(view.outDir, '../../far/away/deep');
    await mkdir(far, { recursive: true });
    await rm(view.outDir, { recursive: true });
    await symlink(far, view.outDir);
    await formats.yolo.write(view);
    expect((await lstat(view.outDir)).isSymbolicLink()).toBe(true);
    expect(await realpath(join(far, 'images/train/sub/b.jpg'))).toBe(await realpath(join(view.root, 'sub/b.jpg')));
  });
});
