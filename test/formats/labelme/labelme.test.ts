import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { labelme } from '../../../src/formats/labelme/labelme.js';
import { filesUnder } from '../readers.js';
import { folderOf, listBoxes, readAll, toolFile } from '../read-all.js';
import { imagesNamed, viewOf, written } from '../views.js';

/** The JSON of an image with one shape. */
function labels(shape: object, imagePath = 'a.jpg'): string {
  const shapes = [shape];
  return JSON.stringify({ version: '5.5.0', flags: {}, shapes, imagePath, imageHeight: 100, imageWidth: 200 });
}

const points = [
  [1, 2],
  [3, 4],
];
const SHAPE = { label: 'car', points, shape_type: 'rectangle' };

describe('a LabelMe view', () => {
  it('has a JSON file beside each image', async () => {
    const { view, notes } = await written('labelme', imagesNamed(['a.jpg', 'a.png', 'sub/b.jpg']));
    const files = (await filesUnder(view.outDir)).map((path) => path.slice(view.outDir.length + 1));
    expect(files.sort()).toEqual([
      'README.txt',
      'a.jpg',
      'a.json',
      'a__png.json',
      'a__png.png',
      'labels.txt',
      'sub/b.jpg',
      'sub/b.json',
    ]);
    expect(await readFile(join(view.outDir, 'sub/b.json'), 'utf8')).toMatch(/^\{\n {2}"version": "5\.5\.0",\n/);
    expect(JSON.parse(await readFile(join(view.outDir, 'sub/b.json'), 'utf8'))).toMatchObject({
      version: '5.5.0',
      flags: {},
      imagePath: 'b.jpg',
      imageData: null,
      imageHeight: 480,
      imageWidth: 642,
    });
    const { shapes } = JSON.parse(await readFile(join(view.outDir, 'a.json'), 'utf8')) as { shapes: unknown[] };
    expect(shapes[1]).toEqual({
      label: 'ünïcode 日本 😀',
      score: 0.81234,
      points: [
        [1.01, 2.02],
        [300.55, 400.99],
      ],
      group_id: null,
      description: '',
      shape_type: 'rectangle',
      flags: {},
      prompt: 'b',
    });
    expect(await readFile(join(view.outDir, 'a__png.json'), 'utf8')).toContain('"originalName": "a.png"');
    expect(await readFile(join(view.outDir, 'labels.txt'), 'utf8')).toBe('ünïcode 日本 😀\nno\n1e3\n');
    expect(notes).toEqual([expect.stringContaining('1 image called "…__<extension>" in labelme/')]);
  });

  it('without images names them where they are', async () => {
    const view = await viewOf('labelme', imagesNamed(['sub/b.jpg']));
    const notes = await labelme.write({ ...view, imageFiles: 'none' });
    const { imagePath } = JSON.parse(await readFile(join(view.outDir, 'sub/b.json'), 'utf8')) as { imagePath: string };
    expect(await readFile(join(view.outDir, 'sub', imagePath), 'utf8')).toBe('sub/b.jpg');
    expect(notes).toEqual([expect.stringContaining('no images beside its labels')]);
    const set = await readAll(view.outDir);
    expect(set.images[0]).toMatchObject({ name: 'sub/b.jpg', imagePath: join(view.root, 'sub/b.jpg') });
  });

  it('without images names them from where the view is, also when its folder is reached by a link', async () => {
    const view = await viewOf('labelme', imagesNamed(['sub/b.jpg']));
    const real = join(view.root, '../disk/deep/out');
    await mkdir(real, { recursive: true });
    await symlink(real, dirname(view.outDir));
    await labelme.write({ ...view, imageFiles: 'none' });
    const file = `${view.outDir}/sub/b.json`;
    const { imagePath } = JSON.parse(await readFile(file, 'utf8')) as { imagePath: string };
    expect(imagePath).toBe('../../../../../source/sub/b.jpg');
    expect(await readFile(`${dirname(file)}/${imagePath}`, 'utf8')).toBe('sub/b.jpg'); // as programs open it
    const set = await readAll(view.outDir);
    expect(set.images[0]).toMatchObject({ name: 'sub/b.jpg', imagePath: join(view.root, 'sub/b.jpg') });
  });

  it('gives way to its own files', async () => {
    const { view } = await written('labelme', imagesNamed(['Labels.TXT/a.jpg', 'x.json/b.jpg']));
    const files = (await filesUnder(view.outDir)).map((path) => path.slice(view.outDir.length + 1));
    expect(files.sort()).toEqual(
      expect.arrayContaining(['Labels.TXT_/a.jpg', 'Labels.TXT_/a.json', 'labels.txt', 'x.json_/b.jpg']),
    );
    expect((await readAll(view.outDir)).images.map(({ name }) => name)).toEqual(['Labels.TXT/a.jpg', 'x.json/b.jpg']);
  });
});

describe('JSON of LabelMe and X-AnyLabeling', () => {
  it('of version 4: corners in any order, paths of Windows, the picture itself', async () => {
    const set = await readAll(toolFile('labelme/version-4'));
    expect(set).toMatchObject({ format: 'labelme', classes: ['car', 'dog'], problems: [] });
    expect(listBoxes(set)).toEqual(['a.jpg: dog 10.25 20 50.5 80', 'a.jpg: car 100 10 150 90']);
    expect(set.images[0]).toMatchObject({ width: 200, height: 100 });
    expect(set.notes).toEqual([
      'Bounding boxes are read for 1 polygon.',
      'Left out, because they are not boxes: 1 point.',
    ]);
  });

  it('of version 5: circles and masks', async () => {
    const set = await readAll(toolFile('labelme/version-5'));
    expect(listBoxes(set)).toEqual(['b.png: dog 40 40 60 60', 'b.png: dog 20 30 40 70']);
    expect(set.notes).toEqual(['Bounding boxes are read for 1 circle, 1 mask.']);
  });

  it('of X-AnyLabeling: four corners, rotated boxes, scores that are null', async () => {
    const set = await readAll(toolFile('labelme/x-anylabeling'));
    expect(listBoxes(set)).toEqual(['c.jpg: dog 10 20 50 80', 'c.jpg: car 100 30 130 60']);
    expect(set.images[0]!.boxes[0]).toMatchObject({ score: 0.8125, prompt: 'a dog', id: 0 });
    expect(set.images[0]!.boxes[1]).not.toHaveProperty('score');
    expect(set.notes).toEqual([
      'Bounding boxes are read for 1 rotated box.',
      'Left out, because they are not boxes: 1 line.',
    ]);
  });

  it('of a folder: sub-folders, parts, JSON of another purpose, a list of labels', async () => {
    const folder = await folderOf({
      'labels.txt': '__ignore__\n_background_\nbus\ncar\n',
      'train/a.json': labels(SHAPE),
      'train/a.jpg': '',
      'val/b.json': labels(SHAPE, '../photos/b.jpg'),
      'photos/b.jpg': '',
      'val/settings.json': '{}',
    });
    const set = await readAll(folder);
    expect(set.classes).toEqual(['bus', 'car']);
    expect(set.images.map(({ name, part, imagePath }) => [name, part, imagePath])).toEqual([
      ['train/a.jpg', 'train', join(folder, 'train/a.jpg')],
      ['photos/b.jpg', 'val', join(folder, 'photos/b.jpg')],
    ]);
    expect(set.notes).toEqual(['Left out: 1 JSON file without shapes.']);
  });
});

describe('a LabelMe file that cannot be used', () => {
  const broken: Record<string, [string | Uint8Array, RegExp]> = {
    'is cut off': [
      JSON.stringify(JSON.parse(labels(SHAPE)), null, 1).slice(0, 90),
      /b\.json:\d+: it is not JSON, or was/,
    ],
    'is empty': ['', /b\.json:1: it is not JSON, or was cut off/],
    'has a shape without a label': [labels({ ...SHAPE, label: null }), /b\.json: shapes\[0\] has no label/],
    'has points that are no numbers': [labels({ ...SHAPE, points: [['1', 2]] }), /shapes\[0\] has no points that are/],
    'has a rectangle with one corner': [labels({ ...SHAPE, points: [[1, 2]] }), /shapes\[0\], a rectangle, has fewer/],
    'has a shape that is none': [labels([]), /shapes\[0\] is not an object/],
    'is not UTF-8': [Buffer.from(labels({ ...SHAPE, label: '\u00fc' }), 'latin1'), /b\.json: it is not UTF-8/],
  };

  it.each(Object.entries(broken))(
    'because it %s is reported, and costs no other image',
    async (_why, [text, problem]) => {
      const folder = await folderOf({ 'a.json': labels(SHAPE), 'b.json': text });
      const set = await readAll(folder);
      expect(listBoxes(set)).toEqual(['a.jpg: car 1 2 3 4']);
      expect(set.problems.map(({ where, problem }) => `${where}: ${problem}`)).toEqual([
        expect.stringMatching(problem),
      ]);
    },
  );

  it('is not one with a byte order mark, or the line ends of Windows', async () => {
    const text = `\ufeff${JSON.stringify(JSON.parse(labels(SHAPE)), null, 2).replaceAll('\n', '\r\n')}`;
    expect(listBoxes(await readAll(await folderOf({ 'a.json': text })))).toEqual(['a.jpg: car 1 2 3 4']);
  });
});
