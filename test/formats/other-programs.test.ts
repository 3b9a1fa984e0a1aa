import { copyFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LabelledBox, LabelledImage } from '../../src/core/data-set/data-set.js';
import { round } from '../../src/core/box.js';
import { openDataSet, type OpenOptions } from '../../src/data-set/open.js';
import { ROOT } from '../support/model/golden.js';
import { readStatistics } from '../../src/statistics/read-statistics.js';
import { findDataSets } from '../../src/validation/find-data-sets.js';
import { temporaryFolder } from '../support/temporary.js';

const DATA_SETS = join(ROOT, 'fixtures/data-sets');

/** Sizes of images that are not there, for formats that need them. */
const sizes =
  (width: number, height: number): NonNullable<OpenOptions['sizeOf']> =>
  () =>
    Promise.resolve({ width, height });

describe('reads what other programs write:', () => {
  it('Ultralytics, whose path is of another machine: parts, polygons, a photo on its side', async () => {
    const { read, images } = await readAll('ultralytics');
    expect(read.format).toBe('yolo');
    expect(read.classes).toEqual([
      { id: 0, name: 'person' },
      { id: 1, name: 'no' },
      { id: 2, name: 'traffic light' },
    ]);
    expect(images).toEqual([
      'empty.png (train)',
      'gate.jpg 80x40 (train): person 30,10,50,30; traffic light 0,0,20,20',
      'north/gate.png 20x10 (train): no 2,2,10,6',
      'turned.jpg 20x40 (val): person 0,0,20,40',
    ]);
    expect(read.notes).toEqual(['1 row with a polygon: its bounding box was read.']);
  });

  it('Roboflow, which names folders beside the data set that are in it', async () => {
    const { read, images } = await readAll('roboflow');
    expect(read.classes.map(({ name }) => name)).toEqual(['cat', 'dog']);
    expect(images).toEqual(['a_jpg.rf.0123456789abcdef.jpg 64x64 (train): dog 16,16,48,48']);
  });

  it('CVAT, in YOLO 1.1 without images', async () => {
    const { read, images } = await readAll('cvat-yolo-1.1', { sizeOf: sizes(100, 50) });
    expect(read.classes.map(({ name }) => name)).toEqual(['bottle', 'coffee cup']);
    expect(images).toEqual([
      'a.jpg 100x50 (train): bottle 40,15,60,35; coffee cup 20,10,30,15',
      'shelf/b.png 100x50 (train): coffee cup 5,2.5,15,7.5',
      'empty.jpg (train)',
    ]);
  });

  it('the predictions of Ultralytics: six columns, without images or names of classes', async () => {
    const { read, images } = await readAll('ultralytics-predict', { sizeOf: sizes(80, 40) });
    expect(read.isNumbered).toBe(true);
    expect(images).toEqual(['gate 80x40: 0 30,10,50,30 0.91; 2 0,0,20,20 0.00001']);
    const truth = await openDataSet(join(DATA_SETS, 'ultralytics'));
    const imagesRoot = join(DATA_SETS, 'ultralytics/images/train');
    const named = await readAll('ultralytics-predict', { numberedAs: truth, imagesRoot });
    expect(named.images).toEqual(['gate.jpg 80x40: person 30,10,50,30 0.91; traffic light 0,0,20,20 0.00001']);
  });

  it('Label Studio, in YOLO with images', async () => {
    const { images } = await readAll('label-studio-yolo');
    expect(images).toEqual(['0a1b2c3d-tea.png 100x50: mug 25,12.5,75,37.5']);
  });

  it('CVAT, in COCO: the file in annotations/, a crowd as RLE', async () => {
    const { read, images } = await readAll('cvat-coco');
    expect(read.format).toBe('coco');
    expect(images).toEqual(['shelf/a.jpg 640x480: cup 10,20,50,70; bottle 1.5,2.5,31.5,42.5 crowd', 'b.jpg 100x50']);
    const [cup, bottle] = (await firstImage(join(DATA_SETS, 'cvat-coco'))).boxes;
    expect(cup).toMatchObject({ id: 1, area: 2000, xywh: [10, 20, 40, 50] });
    expect(bottle).toMatchObject({ id: 2, area: 900.5, isCrowd: true });
  });

  it('Label Studio, in COCO: ids from 0', async () => {
    const { read, images } = await readAll('label-studio-coco');
    expect(read.classes).toEqual([{ id: 0, name: 'cup' }]);
    const name = '../../label-studio/data/media/upload/1/0a1b2c3d-tea.jpg';
    expect(images).toEqual([`${name} 1000x750: cup 100,75,350.5,225.25`]);
  });

  it('Label Studio, without images: names that are addresses in it', async () => {
    const folder = await temporaryFolder();
    const images = ['/data/local-files/?d=shelf/a%20b.jpg', '/data/upload/3/0a1b2c3d-c.jpg', 'data/d.jpg'].map(
      (file_name, id) => ({ id, file_name }),
    );
    await writeFile(join(folder, 'result.json'), JSON.stringify({ images, categories: [], annotations: [] }));
    expect((await readAll(join(folder, 'result.json'))).images).toEqual(['shelf/a b.jpg', 'c.jpg', 'data/d.jpg']);
    await mkdir(join(folder, 'voc/Annotations'), { recursive: true });
    const annotation = '<annotation><filename>?d=a%20b.jpg</filename><size><width>8</width><height>6</height></size>';
    await writeFile(join(folder, 'voc/Annotations/?d=a%20b.xml'), `${annotation}</annotation>`);
    expect((await readAll(join(folder, 'voc'))).images).toEqual(['a b.jpg 8x6']);
    await mkdir(join(folder, 'yolo/labels'), { recursive: true });
    await writeFile(join(folder, 'yolo/classes.txt'), 'cup\n');
    await writeFile(join(folder, 'yolo/labels/?d=gate.txt'), '0 0.5 0.5 0.25 0.5\n');
    const imagesRoot = join(DATA_SETS, 'ultralytics/images/train');
    expect((await readAll(join(folder, 'yolo'), { imagesRoot })).images).toEqual(['gate.jpg 80x40: cup 30,10,50,30']);
  });

  it('COCO with annotations first, without area, crowd flags and sizes; decimals in a size', async () => {
    const { images } = await readAll('minimal-coco.json');
    expect(images).toEqual(['b.jpg: box 1,1,3,3', 'a.jpg 20x30.5: box 0,0,10.25,20.5']);
  });

  it('COCO results in any order, by numbers alone or by those of the instances', async () => {
    const alone = await readAll('coco-results.json');
    expect(alone.read.isNumbered).toBe(true);
    expect(alone.images).toEqual(['3: 5 0,0,10,20 0.75; 5 5,5,10,10 0.25', '4: 5 1,1,3,3 0.5']);
    const numberedAs = await openDataSet(join(DATA_SETS, 'minimal-coco.json'));
    const named = await readAll('coco-results.json', { numberedAs });
    expect(named.read.isNumbered).toBeUndefined();
    expect(named.images).toEqual(['b.jpg: box 1,1,3,3 0.5', 'a.jpg 20x30.5: box 0,0,10,20 0.75; box 5,5,10,10 0.25']);
    const folder = await temporaryFolder();
    await copyFile(join(DATA_SETS, 'minimal-coco.json'), join(folder, 'instances.json'));
    await copyFile(join(DATA_SETS, 'coco-results.json'), join(folder, 'results.json'));
    expect((await readAll(join(folder, 'results.json'))).images).toEqual(named.images);
  });

  it("TensorFlow's CSV: other names of columns, CRLF, a byte order mark, rows of an image apart", async () => {
    const { read, images } = await readAll('tensorflow.csv');
    expect(read.format).toBe('csv');
    expect(read.classes.map(({ name }) => name)).toEqual(['cat', 'dog, small', 'dog']);
    expect(images).toEqual([
      'a.jpg 640x480: cat 10,20,110,220; dog 1.5,2.5,3.5,4.5',
      'b.jpg 320x240: dog, small 0,0,320,240',
    ]);
  });

  it('Hugging Face: a folder for each split, classes by number; a list of objects, classes by name', async () => {
    const { read, images } = await readAll('huggingface');
    expect(read.format).toBe('huggingface');
    expect(images).toEqual([
      'sub/0002.png (test)',
      '0001.png 943x663 (train): Face_Shield 302,109,375,161; Coverall 810,100,867,128',
    ]);
    const named = await readAll('huggingface-names');
    expect(named.read.classes).toEqual([{ name: 'ape' }, { name: 'zebra' }]);
    expect(named.images).toEqual(['a.jpg: zebra 1,2,4,6; ape 5,6,12,14']);
  });
});

describe('names what it cannot read:', () => {
  it.each([
    [
      'a.json',
      '{"images": [{"id": 1, "file_name": "a.jpg"}],\n"annotations": [{"id": 3,\n"bbox": [NaN]}]}',
      ':3: it is not JSON',
    ],
    ['a.json', '{"images": [{"id": 1, "file_name": "a.jpg"}', ': it ends in the middle'],
    [
      'a.json',
      '{"images": [], "annotations": [{"id": 3, "image_id": 1, "category_id": 1, "bbox": [1]}]}',
      ', annotation 3: has no "bbox" of four numbers',
    ],
    [
      'a.json',
      '{"images": [], "annotations": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]}',
      ', annotations[0]: names image 1, which is not in "images"',
    ],
    ['a.csv', 'image,class,x1,y1,x2,y2\na.jpg,cat,1,2,3,4\na.jpg,cat,1,2,x,4\n', ':3: "x" is no coordinate of a box'],
    ['a.csv', 'image,class,x1,y1,x2,y2\na.jpg;cat;1;2;3;4\n', ':2: has 1 column, and the first row 6.'],
    ['a.csv', 'image,class,x1,y1,x2,y2\na.jpg,"cat,1,2,3,4\n', ':2: it is not CSV'],
    [
      'metadata.jsonl',
      '{"file_name": "a.jpg", "objects": {"bbox": [[1, 2, 3, 4]], "category": []}}\n',
      ':1: "objects" has 1 in "bbox" and 0 in "category"',
    ],
    ['data.yaml', 'train: images\nval: images\nnames:\n  0: "cup\n', ':5: it is not YAML (Missing closing " quote).'],
    ['data.yaml', 'train: images\nval: images\n', ': has no "names" of the classes.'],
    ['data.yaml', 'train: images\nval: images\nnames: {a: b}\n', ': "names" has the key "a", no number'],
  ])('%s: %#', async (name, text, problem) => {
    const path = join(await temporaryFolder(), name);
    await writeFile(path, text);
    await expect(readAll(path)).rejects.toThrow(path + problem);
  });

  it('a YOLO row, by file and line; with a report, the others are read', async () => {
    const folder = join(await temporaryFolder(), 'yolo');
    await cp(join(DATA_SETS, 'ultralytics'), folder, { recursive: true });
    const file = join(folder, 'labels/train/gate.txt');
    await writeFile(file, '0 0.5 0.5 0.25 0.5\n7 0.5 0.5 0.5 0.5\n1 0.5 0.5\n1 a b c d\n');
    await expect(readAll(folder)).rejects.toThrow(`${file}:2: the class 7 is not one of the 3 classes`);
    const problems: string[] = [];
    const { images } = await readAll(folder, {
      onProblem: ({ where, problem }) => problems.push(`${where}: ${problem}`),
    });
    expect(images).toHaveLength(4);
    expect(problems).toEqual([
      `${file}:2: the class 7 is not one of the 3 classes`,
      `${file}:3: it has 3 columns, not "class cx cy w h"`,
      `${file}:4: "1 a b c d" is not numbers alone`,
    ]);
    await rm(join(folder, 'images/val/turned.jpg'));
    await writeFile(join(folder, 'images/val/turned.jpg'), 'no image');
    await writeFile(file, '');
    await expect(readAll(folder)).rejects.toThrow('the size of the image turned.jpg is not known');
  });

  it('a folder of images that is not there, or is a file', async () => {
    const imagesRoot = join(DATA_SETS, 'nowhere');
    await expect(readAll('labelme', { imagesRoot })).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: `${imagesRoot}: there is no such folder.`,
    });
    await expect(readAll('labelme', { imagesRoot: join(DATA_SETS, 'README.md') })).rejects.toThrow(
      'it is not a folder',
    );
    await expect(readStatistics(join(DATA_SETS, 'labelme'), { imagesRoot })).rejects.toThrow('no such folder');
    await expect(findDataSets(join(DATA_SETS, 'labelme'), { imagesRoot })).rejects.toThrow('no such folder');
  });

  it('a path of no format, and one of several', async () => {
    const folder = await temporaryFolder();
    await expect(readAll(folder)).rejects.toThrow(/holds annotations of no known format: coco \(COCO .*run \(/);
    await mkdir(join(folder, 'both'));
    await copyFile(join(DATA_SETS, 'minimal-coco.json'), join(folder, 'both/some.json'));
    await copyFile(join(DATA_SETS, 'tensorflow.csv'), join(folder, 'both/some.csv'));
    await expect(readAll(join(folder, 'both'))).rejects.toThrow('holds annotations of several formats: coco, csv');
    expect((await readAll(join(folder, 'both'), { format: 'csv' })).images).toHaveLength(2);
    await expect(readAll(join(folder, 'missing'))).rejects.toThrow('there is no such file');
  });

  it('an archive as labelling tools export it, and a folder in which it was not unpacked', async () => {
    const folder = await temporaryFolder();
    const archive = join(folder, 'job_1.zip');
    await writeFile(archive, Buffer.from('504b0304140000000800', 'hex')); // as each ZIP file begins
    for (const options of [{}, { format: 'cvat' }] as const) {
      await expect(readAll(archive, options)).rejects.toMatchObject({
        code: 'DATA_SET_INVALID',
        message: `${archive} is a ZIP archive.`,
        hint: 'Unpack it, and name the folder that it was unpacked to.',
      });
    }
    const hint: unknown = expect.stringMatching(/^Unpack job_1\.zip, or name the file/);
    await expect(readAll(folder)).rejects.toMatchObject({ code: 'DATA_SET_INVALID', hint });
  });
});

async function readAll(path: string, options: OpenOptions = {}) {
  const read = await openDataSet(path.startsWith('/') ? path : join(DATA_SETS, path), options);
  const images: string[] = [];
  for await (const image of read.images) images.push(describeImage(image));
  return { read, images };
}

async function firstImage(path: string): Promise<LabelledImage> {
  for await (const image of (await openDataSet(path)).images) return image;
  throw new Error('no image');
}

/** `a.jpg 640x480 (train): cat 10,20,110,220 0.5` */
function describeImage({ name, width, height, part, boxes }: LabelledImage): string {
  const size = width === undefined ? '' : ` ${width}x${height}`;
  const listed = boxes.length === 0 ? '' : `: ${boxes.map(describeBox).join('; ')}`;
  return `${name}${size}${part === undefined ? '' : ` (${part})`}${listed}`;
}

function describeBox({ className, box, score, isCrowd }: LabelledBox): string {
  const sides = box.map((side) => round(side, 6)).join(',');
  return `${className} ${sides}${score === undefined ? '' : ` ${score}`}${isCrowd === true ? ' crowd' : ''}`;
}
