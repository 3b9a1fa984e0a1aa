import { readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PART_NAMES, type PartName } from '../../src/core/data-set/split.js';
import type { ViewImage } from '../../src/core/image.js';
import { openDataSet } from '../../src/data-set/open.js';
import { formatNames, formats } from '../../src/formats/index.js';
import { filesUnder } from './readers.js';
import { asyncOf, imagesNamed, viewOf } from './views.js';

const NAMES = ['a.jpg', 'a.png', 'b/c.jpg', 'b/d.jpg', 'train/e.jpg', 'val/images/f.jpg', 'ü 日.jpg'].sort();

function divided(images: readonly ViewImage[], start = 0): ViewImage[] {
  return images.map((image, i) => ({ ...image, part: PART_NAMES[(start + i) % 3]! }));
}

async function contentOf(folder: string): Promise<Record<string, string>> {
  const files = await filesUnder(folder);
  const read = async (file: string) => await readlink(file).catch(() => readFile(file, 'utf8'));
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await read(file)] as const)));
}

describe.each(formatNames)('%s', (format) => {
  it('gives readers the part of each image', async () => {
    const images = divided(imagesNamed(NAMES));
    const view = { ...(await viewOf(format, images)), images: asyncOf(images), parts: PART_NAMES };
    await formats[format].write(view);
    const sizes = new Map(images.map(({ name, width, height }) => [name, { width, height }]));
    const sizeOf = ({ name }: { name: string }) => Promise.resolve(sizes.get(name));
    const set = await openDataSet(view.outDir, { imagesRoot: view.root, sizeOf });
    const parts: Record<string, string | undefined> = {};
    for await (const { name, part, boxes } of set.images) {
      parts[name] = part;
      expect(boxes.length).toBe(images.find((image) => image.name === name)!.detections.length);
    }
    expect(parts).toEqual(Object.fromEntries(images.map(({ name, part }) => [name, part])));
  });

  it('is as before when it is divided, divided otherwise, and then no more', async () => {
    const images = imagesNamed(NAMES);
    const view = await viewOf(format, images);
    await formats[format].write(view);
    const before = await contentOf(view.outDir);
    for (const start of [0, 1]) {
      const now = divided(images, start);
      await formats[format].write({ ...view, images: asyncOf(now), parts: PART_NAMES });
      const fresh = await viewOf(format, images);
      await formats[format].write({ ...fresh, images: asyncOf(now), parts: PART_NAMES });
      const texts = Object.values(await contentOf(view.outDir));
      expect(texts).toEqual(Object.values(await contentOf(fresh.outDir)));
    }
    await formats[format].write(view);
    expect(await contentOf(view.outDir)).toEqual(before);
  });
});

describe('edited YOLO labels', () => {
  async function edited() {
    const images = imagesNamed(['a.jpg', 'b.jpg', 'sub/c.jpg']);
    const view = await viewOf('yolo', images);
    await formats.yolo.write(view);
    await writeFile(join(view.outDir, 'labels/train/a.txt'), 'by hand');
    await rm(join(view.outDir, 'labels/train/sub/c.txt'));
    const inParts = (...parts: PartName[]) => ({
      ...view,
      images: asyncOf(images.map((image, i) => ({ ...image, part: parts[i]! }))),
      parts: PART_NAMES,
    });
    const text = async (path: string) => await readFile(join(view.outDir, path), 'utf8').catch(() => undefined);
    return { view, inParts, text };
  }

  it('follow their images into other parts, and are reported', async () => {
    const { view, inParts, text } = await edited();
    const notes = await formats.yolo.write(inParts('val', 'train', 'test'));
    expect(notes.join()).toContain('stay as they are: labels/val/a.txt, labels/test/sub/c.txt (deleted).');
    expect(await text('labels/val/a.txt')).toBe('by hand');
    expect(await text('labels/train/a.txt')).toBeUndefined();
    expect(await text('labels/test/sub/c.txt')).toBeUndefined();
    expect(await text('../yolo.new/labels/val/a.txt')).toContain(' ');
    await formats.yolo.write(inParts('test', 'train', 'test'));
    expect(await text('labels/test/a.txt')).toBe('by hand');
    await formats.yolo.write(view);
    expect(await text('labels/train/a.txt')).toBe('by hand');
    expect((await filesUnder(view.outDir)).filter((path) => /labels\/(?:val|test)/.test(path))).toEqual([]);
  });

  it('are moved aside and replaced where they are to be overwritten', async () => {
    const { view, inParts, text } = await edited();
    const notes = await formats.yolo.write({ ...inParts('val', 'train', 'test'), overwriteEdited: true });
    expect(notes.join()).toContain('labels/train/a.txt');
    expect(await text('labels/val/a.txt')).not.toBe('by hand');
    expect(await text('labels/train/a.txt')).toBeUndefined();
    const kept = await filesUnder(join(view.outDir, '../.preannotate/changed'));
    expect(kept.filter((path) => path.endsWith('labels/train/a.txt'))).toHaveLength(1);
  });
});

it('data.yaml names a folder for train and val in every case, relative to itself', async () => {
  const images = imagesNamed(['a.jpg', 'b.jpg']).map((image, i) => ({ ...image, part: PART_NAMES[i * 2]! }));
  const view = { ...(await viewOf('yolo', images)), images: asyncOf(images), parts: ['train', 'test'] as const };
  await formats.yolo.write(view);
  const text = await readFile(join(view.outDir, 'data.yaml'), 'utf8');
  expect(text).toContain('\ntrain: images/train\nval: images/test # there is no val\ntest: images/test\n');
  expect(text).not.toMatch(/^path:/m);
});
