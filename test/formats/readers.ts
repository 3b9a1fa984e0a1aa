import { readdir, readFile, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { xywhToXyxy, cxcywhToXyxy, type Cxcywh, type Size, type Xywh, type Xyxy } from '../../src/core/box.js';
import type { FormatName } from '../../src/formats/index.js';
import { readCvat, readLabelme, readLabelStudio, readVoc } from './tool-readers.js';

/** What a reader of a format makes of one image. */
export interface ReadImage {
  readonly name: string;
  readonly boxes: readonly { readonly className: string; readonly score: number; readonly box: Xyxy }[];
}

/** Where a view is, and what a reader gets from the image files. */
export interface Source {
  readonly outDir: string;
  readonly root: string;
  readonly sizes: ReadonlyMap<string, Size>; // by image name
}

/** Strict readers, by the rules of those that people use, not by ours: what those refuse or drop fails the test. */
export const strictReaders: Partial<Record<FormatName, (source: Source) => Promise<ReadImage[]>>> = {
  coco: readCoco,
  yolo: readYolo,
  voc: readVoc,
  'label-studio': readLabelStudio,
  cvat: readCvat,
  labelme: readLabelme,
};

export interface CocoAnnotation {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly bbox: Xywh;
  readonly area: number;
  readonly iscrowd: number;
  readonly segmentation: unknown;
  readonly score: number;
  readonly attributes: { readonly prompt: string; readonly source: string };
}

export interface CocoFile {
  readonly info: Record<string, unknown>;
  readonly licenses: unknown[];
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[];
  readonly annotations: readonly CocoAnnotation[];
  readonly categories: readonly { id: number; name: string; supercategory: string }[];
}

export type CocoResult = Pick<CocoAnnotation, 'image_id' | 'category_id' | 'bbox' | 'score'>;

/** As pycocotools opens a file: in the locale's encoding, which may be ASCII. */
export async function readAsciiJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'latin1');
  expect(text).toMatch(/^[\n\u0020-\u007e]*\n$/);
  return JSON.parse(text);
}

async function readCoco({ outDir, sizes }: Source): Promise<ReadImage[]> {
  const coco = (await readAsciiJson(join(outDir, 'instances.json'))) as CocoFile;
  const results = (await readAsciiJson(join(outDir, 'results.json'))) as CocoResult[];
  expect(Object.keys(coco).sort()).toEqual(['annotations', 'categories', 'images', 'info', 'licenses']);
  const classNames = new Map(coco.categories.map(({ id, name }) => [id, name]));
  const images = new Map(coco.images.map((image) => [image.id, image]));
  for (const list of [coco.images, coco.annotations, coco.categories]) assertIds(list);
  for (const { id, file_name: name, ...size } of coco.images)
    expect({ id, size }).toEqual({ id, size: sizes.get(name) });
  for (const annotation of [...coco.annotations, ...results]) {
    expect(classNames.has(annotation.category_id)).toBe(true);
    assertWithin(annotation.bbox, images.get(annotation.image_id)!);
  }
  for (const { bbox, area, iscrowd, segmentation } of coco.annotations) {
    expect({ area, iscrowd, segmentation }).toEqual({
      area: expect.closeTo(bbox[2] * bbox[3], 4) as number,
      iscrowd: 0,
      segmentation: [],
    });
  }
  return coco.images.map(({ id, file_name: name }) => ({
    name,
    boxes: coco.annotations
      .filter(({ image_id: imageId }) => imageId === id)
      .map(({ category_id: category, score, bbox }) => ({
        className: classNames.get(category)!,
        score,
        box: xywhToXyxy(bbox),
      })),
  }));
}

/** cocoeval takes an id of 0 for no match. */
function assertIds(items: readonly { id: number }[]): void {
  const ids = items.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => Number.isInteger(id) && id >= 1)).toBe(true);
}

function assertWithin([x, y, width, height]: Xywh, image: Size): void {
  expect(x >= 0 && y >= 0 && width > 0 && height > 0, `${x}, ${y}, ${width}, ${height}`).toBe(true);
  expect(x + width <= image.width && y + height <= image.height, `${x} + ${width}, ${y} + ${height}`).toBe(true);
}

/** As Ultralytics lists, pairs and checks files. */
async function readYolo({ outDir, root, sizes }: Source): Promise<ReadImage[]> {
  const text = await readFile(join(outDir, 'data.yaml'), 'latin1');
  expect(text).toMatch(/^[\n\u0020-\u007e]*$/);
  const data = parseYaml(text, { version: '1.1' }) as {
    train: string;
    val: string;
    names: Record<number, string>;
  };
  expect(Object.keys(data)).toEqual(['train', 'val', 'names']);
  const classNames = Object.values(data.names);
  expect(data).toMatchObject({ train: 'images/train', val: 'images/train' });
  expect(await readFile(join(outDir, 'classes.txt'), 'utf8')).toBe(classNames.map((name) => `${name}\n`).join(''));

  const links = await filesUnder(join(outDir, data.train));
  const labels = links.map(labelOf);
  expect(new Set(labels.map((label) => label.normalize('NFC').toLowerCase())).size).toBe(labels.length);
  for (const folder of ['labels', 'labels_conf']) {
    expect((await filesUnder(join(outDir, folder))).sort()).toEqual(
      labels.map((label) => inFolder(outDir, folder, label)).sort(),
    );
  }
  return Promise.all(
    links.map(async (link, i) => {
      const name = resolve(dirname(link), await readlink(link)).slice(root.length + 1);
      expect(await readFile(link, 'utf8')).toBe(name); // the link leads to the image, which holds its name
      const rows = await rowsOf(labels[i]!, 5);
      const scored = await rowsOf(inFolder(outDir, 'labels_conf', labels[i]!), 6);
      expect(scored.map((row) => row.slice(0, 5))).toEqual(rows);
      expect(new Set(rows.map(String)).size).toBe(rows.length); // repeated rows are dropped with a warning
      const boxes = scored.map(([index, cx, cy, width, height, score]) => {
        const box: Cxcywh = [cx!, cy!, width!, height!];
        expect(index).toBeLessThan(classNames.length);
        for (const value of box) expect(value >= 0 && value <= 1).toBe(true);
        expect(Math.min(width!, height!)).toBeGreaterThan(0);
        return { className: data.names[index!]!, score: score!, box: cxcywhToXyxy(box, sizes.get(name)!) };
      });
      return { name, boxes };
    }),
  );
}

/** Ultralytics `img2label_paths`: the last `/images/` becomes `/labels/`, what follows the last dot `txt`. */
function labelOf(image: string): string {
  const at = image.lastIndexOf('/images/');
  const path = `${image.slice(0, at)}/labels/${image.slice(at + '/images/'.length)}`;
  return `${path.slice(0, path.lastIndexOf('.'))}.txt`;
}

function inFolder(outDir: string, folder: string, label: string): string {
  return join(outDir, folder, label.slice(join(outDir, 'labels').length));
}

async function rowsOf(path: string, columns: number): Promise<number[][]> {
  const text = await readFile(path, 'latin1');
  if (text !== '') expect(text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      expect(line).toMatch(columns === 5 ? /^\d+( [01]\.\d{6}){4}$/ : /^\d+( [01]\.\d{6}){4} [01]\.?\d*$/);
      return line.split(' ').map(Number);
    });
}

/** Files and links below a folder, absolute. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
}
