import { lstat, mkdir, readdir, readFile, readlink, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { View } from '../../../src/formats/format.js';
import { yolo } from '../../../src/formats/yolo/yolo.js';
import { assertClassOrderKept } from '../../../src/formats/view-folder/class-order.js';
import { flattenYolo } from '../../support/flat-layout.js';
import { filesUnder } from '../readers.js';
import { asyncOf, imagesNamed, viewOf, written } from '../views.js';

const NAMES = ['a.jpg', 'b.jpg', 'sub/c.jpg', 'sub/d.png'];

/** Images whose paths in the older layout are those of other images in this one. */
const COLLIDING = [
  ...['a.jpg', 'b.jpg', 'train/a.jpg', 'train/b.jpg', 'train/sub/c.jpg', 'train/train/a.jpg'],
  ...['train/train/b.jpg', 'train/train/train/b.jpg'],
];

/** A view as it was written before images were in `images/train`, and what it is to become. */
async function flatView(names: readonly string[], choice: Partial<View> = {}) {
  const view = { ...(await viewOf('yolo', imagesNamed(names))), ...choice };
  await yolo.write(view);
  const expected = await contentOf(view.outDir);
  await flattenYolo(view.outDir);
  return { view, expected };
}

/** Contents of files, targets of links. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = (await filesUnder(folder)).sort();
  const content = async (file: string) => await readlink(file).catch(() => readFile(file, 'utf8'));
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file.slice(folder.length + 1), await content(file)] as const)),
  );
}

const at = ({ outDir }: View, path: string) => join(outDir, path);

describe('a YOLO view of an older layout', () => {
  it.each([
    ['usual names', NAMES],
    ['names that begin with the folder of the new layout', COLLIDING],
    ['an image that has its name', ['a.jpg', 'train', 'z.jpg']],
    ['an image that has its name, in a folder of its name', ['a.jpg', 'train/b.jpg', 'train/train', 'z.jpg']],
  ])('gets the new one, with links that lead to the images, and a note, once: %s', async (_what, names) => {
    const { view, expected } = await flatView(names);
    expect(await contentOf(view.outDir)).not.toEqual(expected);
    const notes = await yolo.write(view);
    expect(notes[0]).toMatch(/^yolo\/ has a new layout: .* in folders named train now\.$/);
    expect(notes.join()).not.toMatch(/edited|stay/);
    expect(await contentOf(view.outDir)).toEqual(expected);
    for (const link of await filesUnder(at(view, 'images'))) await realpath(link);
    expect((await readdir(view.outDir)).sort()).toEqual([
      'classes.txt',
      'data.yaml',
      'images',
      'labels',
      'labels_conf',
    ]);
    expect((await readdir(at(view, 'labels'))).sort()).toEqual(['train']);
    expect(await yolo.write(view)).toEqual([]);
  });

  it.each(['copy', 'hardlink'] as const)('moves images instead of writing them again: %s', async (imageFiles) => {
    const { view, expected } = await flatView(NAMES, { imageFiles });
    const { ino } = await lstat(at(view, 'images/sub/c.jpg'));
    await yolo.write(view);
    expect((await lstat(at(view, 'images/train/sub/c.jpg'))).ino).toBe(ino);
    expect(await contentOf(view.outDir)).toEqual(expected);
  });

  it.each([
    ['usual names', NAMES, ['a', 'sub/c'], 'b'],
    ['colliding names', COLLIDING, ['a', 'train/a', 'train/train/train/b'], 'train/train/a'],
  ])('moves edited labels with their images, and they stay edited: %s', async (_what, names, edited, deleted) => {
    const { view, expected } = await flatView(names);
    for (const stem of edited) await writeFile(at(view, `labels/${stem}.txt`), `by hand, ${stem}`);
    await rm(at(view, `labels/${deleted}.txt`));
    const { [`labels/train/${deleted}.txt`]: _, ...now } = expected;
    for (const stem of edited) now[`labels/train/${stem}.txt`] = `by hand, ${stem}`;
    for (let time = 0; time < 2; time++) {
      const notes = await yolo.write(view);
      expect(await contentOf(view.outDir)).toEqual(now);
      const stay = notes.find((note) => note.includes('stay as they are: '));
      for (const stem of edited) expect(stay).toContain(`labels/train/${stem}.txt`);
      expect(stay).toContain(`labels/train/${deleted}.txt (deleted)`);
      expect(notes.some((note) => note.includes('moved with their images'))).toBe(time === 0);
    }
    for (const stem of [...edited, deleted])
      expect(await readFile(join(`${view.outDir}.new`, `labels/train/${stem}.txt`), 'utf8')).toBe(
        expected[`labels/train/${stem}.txt`],
      );
  });

  it('keeps a folder, a link and a link of a folder that are in the places of labels', async () => {
    const { view } = await flatView(NAMES);
    const elsewhere = join(view.outDir, '../../elsewhere');
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'c.txt'), 'by hand');
    await rm(at(view, 'labels/a.txt'));
    await mkdir(at(view, 'labels/a.txt'));
    await writeFile(at(view, 'labels/a.txt/inside'), 'mine');
    await rm(at(view, 'labels/b.txt'));
    await symlink('../../../elsewhere/c.txt', at(view, 'labels/b.txt'));
    await rm(at(view, 'labels/sub'), { recursive: true });
    await symlink('../../../elsewhere', at(view, 'labels/sub'));
    for (let time = 0; time < 2; time++) {
      await yolo.write(view);
      expect(await readFile(at(view, 'labels/train/a.txt/inside'), 'utf8')).toBe('mine');
      expect(await readFile(at(view, 'labels/train/b.txt'), 'utf8')).toBe('by hand');
      expect(await readFile(at(view, 'labels/train/sub/c.txt'), 'utf8')).toBe('by hand');
      expect(await readdir(elsewhere)).toEqual(['c.txt']);
      expect(await readdir(at(view, 'labels'))).toEqual(['train']);
    }
  });

  it('leaves what the user put there where it is, also in a place that the new layout wants', async () => {
    const { view, expected } = await flatView(NAMES);
    await mkdir(at(view, 'labels/train'));
    await writeFile(at(view, 'labels/train/a.txt'), 'mine');
    await writeFile(at(view, 'labels/a.txt'), 'by hand');
    await writeFile(at(view, 'labels/mine.txt'), 'mine');
    const notes = (await yolo.write(view)).join('\n');
    expect(notes).toContain('stay as they are: labels/train/a.txt.');
    expect(notes).toMatch(
      /that you put there stay where they are: labels\/(a|mine)\.txt, labels\/(a|mine)\.txt\. Move/,
    );
    expect(await contentOf(view.outDir)).toEqual({
      ...expected,
      'labels/train/a.txt': 'mine',
      'labels/a.txt': 'by hand',
      'labels/mine.txt': 'mine',
    });
  });

  it('keeps a split that the user made in it', async () => {
    const { view, expected } = await flatView(NAMES);
    const MINE = 'train: images/train\nval: images/val\nnames: [a]\n';
    for (const [tree, ending] of [
      ['images', 'jpg'],
      ['labels', 'txt'],
    ]) {
      for (const subset of ['train', 'val']) await mkdir(at(view, `${tree!}/${subset}`));
      await rename(at(view, `${tree!}/a.${ending!}`), at(view, `${tree!}/train/a.${ending!}`));
      await rename(at(view, `${tree!}/b.${ending!}`), at(view, `${tree!}/val/b.${ending!}`));
    }
    await writeFile(at(view, 'data.yaml'), MINE);
    await yolo.write(view);
    const now = await contentOf(view.outDir);
    expect(now['data.yaml']).toBe(MINE);
    expect(now['labels/val/b.txt']).toBe(expected['labels/train/b.txt']);
    expect(now['labels/train/a.txt']).toBe(expected['labels/train/a.txt']);
    expect(Object.keys(now)).toEqual(expect.arrayContaining(['images/val/b.jpg', 'images/train/a.jpg']));
    expect(Object.keys(now)).not.toContain('images/train/b.jpg'); // it would be in both
  });

  it('replaces the new versions that are beside it, too', async () => {
    const { view, expected } = await flatView(NAMES);
    await writeFile(at(view, 'labels/a.txt'), 'by hand');
    await yolo.write(view);
    await flattenYolo(view.outDir);
    await flattenYolo(`${view.outDir}.new`);
    await yolo.write(view);
    expect(await contentOf(`${view.outDir}.new`)).toEqual({ 'labels/train/a.txt': expected['labels/train/a.txt'] });
  });

  it('refuses another order of classes while labels are edited, and only then, wherever they are', async () => {
    const { view } = await flatView(NAMES);
    const classes = yolo.classOrder!(view.ontology);
    const reorder = () => assertClassOrderKept(view, [...classes].reverse(), yolo.layout);
    await reorder();
    await mkdir(at(view, 'labels/train'));
    await rename(at(view, 'labels/a.txt'), at(view, 'labels/train/a.txt')); // as where a process was killed
    await reorder();
    await writeFile(at(view, 'labels/train/a.txt'), 'by hand');
    await expect(reorder()).rejects.toThrow(
      'holds edited files that number classes by their places: labels/train/a.txt',
    );
  });
});

describe('a YOLO view of an older layout that was stopped at any moment', () => {
  /** Stops at the given question whether it may go on. @returns Whether it was stopped. */
  async function stopAt(view: View, question: number): Promise<boolean> {
    let asked = 0;
    const throwIfStopped = () => (asked++ === question ? Promise.reject(new Error('stopped')) : Promise.resolve());
    try {
      await yolo.write({ ...view, throwIfStopped });
      return false;
    } catch (error) {
      expect(error).toMatchObject({ message: 'stopped' });
      return true;
    }
  }

  it('gets the new one from the next process, with every edit in its place', async () => {
    let isStopped = true;
    let question = 0;
    for (; isStopped; question++) {
      const { view, expected } = await flatView(COLLIDING);
      await writeFile(at(view, 'labels/train/a.txt'), 'by hand');
      await rm(at(view, 'labels/train/train/a.txt'));
      isStopped = await stopAt(view, question);
      const notes = await yolo.write(view);
      expect(notes.join()).toContain(
        'stay as they are: labels/train/train/a.txt, labels/train/train/train/a.txt (deleted).',
      );
      const { ['labels/train/train/train/a.txt']: _, ...rest } = expected;
      expect(await contentOf(view.outDir)).toEqual({ ...rest, 'labels/train/train/a.txt': 'by hand' });
      expect((await readdir(dirname(view.outDir))).sort()).toEqual(['.preannotate', 'yolo', 'yolo.new']);
    }
    expect(question).toBeGreaterThan(3 * COLLIDING.length);
  });
});

it('a view without a record, as of version 0.1, is moved aside as a whole also where that is interrupted', async () => {
  const { view } = await written('yolo', imagesNamed(NAMES));
  const expected = await contentOf(view.outDir);
  await flattenYolo(view.outDir);
  await rm(join(view.outDir, '../.preannotate'), { recursive: true });
  await writeFile(at(view, 'labels/a.txt'), 'by hand');
  await writeFile(at(view, 'data.yaml'), await readFile(at(view, 'data.yaml')));
  // As a process that was killed: some is moved, and what is to be written is recorded.
  const torn = { ...view, throwIfStopped: () => Promise.reject(new Error('stopped')) };
  await expect(yolo.write(torn)).rejects.toThrow('stopped');
  await yolo.write({ ...view, images: asyncOf(imagesNamed(NAMES)) });
  expect(await contentOf(view.outDir)).toEqual(expected);
  const aside = await filesUnder(join(view.outDir, '../.preannotate/changed'));
  expect(aside.filter((path) => path.endsWith('/labels/a.txt'))).toHaveLength(1);
  expect(
    await readFile(
      aside.find((path) => path.endsWith('/labels/a.txt'))!,
      'utf8',
    ),
  ).toBe('by hand');
});
