import { lstat, readFile, readlink, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { yolo } from '../../../src/formats/yolo/yolo.js';
import { filesUnder } from '../readers.js';
import { detection, imagesNamed, viewOf, written } from '../views.js';

const TRAIN_AND_VAL =
  'yolo/data.yaml names images/train for train and for val. Before you train, divide the images: ' +
  '`preannotate export` with --split train=0.8,val=0.2 does.';

it('a label file has a row per box with six decimals, its scores are in labels_conf, and it may be empty', async () => {
  const { view, notes } = await written('yolo', imagesNamed(['a.jpg', 'b/empty.jpg']));
  expect(await readFile(join(view.outDir, 'labels/train/a.txt'), 'utf8')).toBe(
    '1 0.500000 0.500000 1.000000 1.000000\n' +
      '0 0.235594 0.419802 0.468031 0.831188\n' +
      '1 0.999992 0.999990 0.000016 0.000021\n',
  );
  expect(await readFile(join(view.outDir, 'labels_conf/train/a.txt'), 'utf8')).toContain(
    '0 0.235594 0.419802 0.468031 0.831188 0.81234\n',
  );
  expect((await lstat(join(view.outDir, 'labels/train/b/empty.txt'))).size).toBe(0);
  expect((await lstat(join(view.outDir, 'labels_conf/train/b/empty.txt'))).size).toBe(0);
  expect(notes).toEqual([TRAIN_AND_VAL]);
});

it('links to the images are relative, so that both folders can be moved together', async () => {
  const { view } = await written('yolo', imagesNamed(['a.jpg', 'deep/er/b.jpg']));
  expect(await readlink(join(view.outDir, 'images/train/deep/er/b.jpg'))).toBe(
    '../../../../../../source/deep/er/b.jpg',
  );
  const folder = dirname(view.root);
  await rename(folder, `${folder}-moved`);
  const moved = view.outDir.replace(folder, `${folder}-moved`);
  expect(await readFile(join(moved, 'images/train/deep/er/b.jpg'), 'utf8')).toBe('deep/er/b.jpg');
  await rm(`${folder}-moved`, { recursive: true });
});

it('labels can be written without the images, as an export on another machine', async () => {
  const view = await viewOf('yolo', imagesNamed(['a.jpg']));
  await rm(view.root, { recursive: true });
  expect(await yolo.write(view)).toEqual([TRAIN_AND_VAL]);
  expect(await readFile(join(view.outDir, 'labels/train/a.txt'), 'utf8')).not.toBe('');
});

it('images of one name get labels of their own, and a folder called "images" does not mislead readers', async () => {
  const names = ['B.jpg', 'a.jpg', 'a.png', 'b.jpg', 'new\nline.jpg', 'sub/images/a.jpg'];
  const { view, notes } = await written('yolo', imagesNamed(names));
  const places = (await filesUnder(join(view.outDir, 'images'))).map((path) => path.slice(view.outDir.length + 1));
  expect(places.sort()).toEqual([
    'images/train/B.jpg',
    'images/train/a.jpg',
    'images/train/a__png.png',
    'images/train/b__jpg.jpg',
    'images/train/new%0Aline.jpg',
    'images/train/sub/images_/a.jpg',
  ]);
  expect(await readFile(join(view.outDir, 'images/train/a__png.png'), 'utf8')).toBe('a.png');
  expect(await readFile(join(view.outDir, 'labels/train/a__png.txt'), 'utf8')).not.toBe('');
  expect(notes).toEqual([
    TRAIN_AND_VAL,
    expect.stringMatching(/1 image in a folder .*images_/),
    expect.stringMatching(/2 images called "…__<extension>" .*capitals/),
    expect.stringMatching(/1 image with control characters .*percent-encoded/),
  ]);
});

it('data.yaml has class names that YAML 1.1 readers take for text, ordered by id, and no path', async () => {
  const { view } = await written('yolo', imagesNamed(['a.jpg']));
  const text = await readFile(join(view.outDir, 'data.yaml'), 'utf8');
  expect(text).toContain('  0: "\\u00fcn\\u00efcode \\u65e5\\u672c \\U0001f600"\n  1: "no"\n  2: "1e3"\n');
  expect(parseYaml(text, { version: '1.1' })).toEqual({
    train: 'images/train',
    val: 'images/train',
    names: { 0: 'ünïcode 日本 😀', 1: 'no', 2: '1e3' },
  });
});

it('repeated rows are written once with their best score, and a thin box keeps a size', async () => {
  const [image] = imagesNamed(['a.jpg']);
  const same = detection(0, 0.9, [1, 1, 2, 2]);
  const thin = detection(1, 0.8, [5, 5, 5.01, 400]);
  const wide = { ...image!, width: 30_000, detections: [same, thin, { ...same, score: 0.7 }] };
  const { view } = await written('yolo', [wide]);
  expect(await readFile(join(view.outDir, 'labels_conf/train/a.txt'), 'utf8')).toBe(
    '1 0.000050 0.003125 0.000033 0.002083 0.9\n0 0.000167 0.421875 0.000001 0.822917 0.8\n',
  );
});
