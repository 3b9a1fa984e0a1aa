import { mkdir, rm } from 'node:fs/promises';
import { imageOf } from './correct-set.js';
import { edit, type ChangedSet } from './mistake.js';

interface LabelmeFile {
  imagePath?: string;
  imageData?: null;
  shapes: { points: [number, number][] }[];
}

const ROW = '0 0.218750 0.291667 0.312500 0.416667';
const POLYGON = '0 0.1 0.1 0.5 0.1 0.5 0.5';

/** Mistakes in formats that have a tree of files. */
export const FOLDER_MISTAKES: readonly ChangedSet[] = [
  ['yolo', edit('labels/train/a.txt', ROW, `${ROW} 0.9`), 'yolo-columns labels/train/a.txt:1'],
  ['yolo', edit('labels/train/a.txt', ROW, POLYGON), 'yolo-polygon labels/train/a.txt:1'],
  ['yolo', edit('labels/train/a.txt', '0.312500', '1.312500'), 'yolo-range labels/train/a.txt:1'],
  ['yolo', edit('labels/train/a.txt', ROW, `${ROW}\n${ROW}`), 'yolo-row-duplicate labels/train/a.txt:2'],
  ['yolo', edit('data.yaml', 'val: images/train', '#'), 'yolo-parts data.yaml'],
  ['yolo', edit('data.yaml', 'val: images/train', 'val: images/val'), 'yolo-folder '],
  [
    'yolo',
    async ({ edit: change, path }) => {
      await change('data.yaml', 'val: images/train', 'val: images/val');
      await mkdir(path('images/val'));
    },
    'yolo-part-empty images/val',
  ],
  [
    'yolo',
    async ({ edit: change, write }) => {
      await change('data.yaml', 'val: images/train', 'val: val.txt');
      await write('val.txt', '\n');
    },
    'yolo-part-empty val.txt',
  ],
  [
    'yolo',
    async ({ edit: change, path }) => {
      await change('data.yaml', 'val: images/train', 'val: images/train\ntest: images/test');
      await mkdir(path('images/test'));
    },
    'yolo-test-empty images/test',
  ],
  [
    'yolo',
    async ({ write }) => write('data.yaml', 'train: images/train\nval: images/train\n'),
    'file-unreadable data.yaml',
  ],
  ['yolo', edit('data.yaml', 'names:', 'names:\nclasses:'), 'file-unreadable data.yaml'],
  ['yolo', ({ write }) => write('data.yaml', '# nothing\n'), 'file-unreadable data.yaml'],
  [
    'yolo',
    async ({ write }) => {
      await write('data.yaml', 'train: images/train\nval: images/train\nnc: 2\n');
      await write('classes.txt', 'class_0\nclass_1\n');
    },
    'yolo-nc data.yaml:3',
  ],
  ['yolo', edit('data.yaml', 'train: images', 'path: .\ntrain: images'), 'yolo-path data.yaml:3'],
  ['yolo', edit('data.yaml', 'train: images', 'path: /nowhere/yard\ntrain: images'), 'yolo-path data.yaml:3'],
  [
    'yolo',
    async ({ edit: change }) => {
      await change('data.yaml', '"cup"', 'no');
      await change('classes.txt', 'cup', 'no');
    },
    'yolo-names data.yaml:6',
  ],
  [
    'yolo',
    async ({ edit: change }) => {
      await change('data.yaml', '1: "dog"', '1: "dog"\n  3: "cow"');
      await change('classes.txt', 'dog', 'dog\n2\ncow');
    },
    'yolo-names data.yaml:6',
  ],
  ['yolo', edit('data.yaml', 'names:', 'nc: 2\nnames:'), 'yolo-nc data.yaml:5'],
  ['yolo', edit('classes.txt', 'cup\ndog', 'dog\ncup'), 'yolo-classes classes.txt:1'],
  ['yolo', ({ path }) => rm(path('labels/train/b.txt')), 'yolo-label-missing labels/train/b.txt'],
  ['yolo', ({ path }) => rm(path('images/train/sub/c.jpg')), 'yolo-label-orphan labels/train/sub/c.txt'],
  [
    'yolo',
    async ({ write }) => write('images/train/b.png', await imageOf('png', { width: 9 })),
    'yolo-image-skipped images/train/b.png',
  ],
  [
    'yolo',
    async ({ write }) => write('images/train/a.jpg', Buffer.concat([await imageOf('jpeg'), Buffer.from('more')])),
    'yolo-jpeg-end images/train/a.jpg',
  ],
  ['voc', edit('Annotations/a.xml', '<difficult>0</difficult>', ''), 'voc-fields Annotations/a.xml:16'],
  [
    'voc',
    async ({ edit: change }) => {
      await change('Annotations/a.xml', '<xmin>5</xmin>', '<xmin>24</xmin>');
      await change('Annotations/a.xml', '<xmax>24</xmax>', '<xmax>5</xmax>');
    },
    'voc-corners Annotations/a.xml:16',
  ],
  ['voc', edit('Annotations/a.xml', '<xmin>5</xmin>', '<xmin>0</xmin>'), 'voc-below-1 Annotations/a.xml:16'],
  ['voc', edit('Annotations/a.xml', '<xmin>5</xmin>', '<xmin>5.5</xmin>'), 'voc-fraction Annotations/a.xml:16'],
  [
    'voc',
    edit('Annotations/a.xml', 'a.jpg', 'b.png'),
    'image-duplicate Annotations/b.xml',
    'voc-filename Annotations/a.xml:4',
  ],
  ['voc', edit('ImageSets/Main/train.txt', 'b\n', 'b\nz\n'), 'voc-list ImageSets/Main/train.txt:3'],
  ['voc', edit('ImageSets/Main/train.txt', 'b\n', ''), 'voc-unlisted Annotations/b.xml'],
  ['voc', ({ path }) => rm(path('ImageSets'), { recursive: true }), 'voc-lists-missing ImageSets/Main'],
  ['voc', ({ path }) => rm(path('labelmap.txt')), 'voc-labelmap-missing labelmap.txt'],
  ['labelme', ({ change }) => change('a.json', (file: LabelmeFile) => delete file.imageData), 'labelme-keys a.json'],
  [
    'labelme',
    ({ change }) => change('a.json', ({ shapes: [shape] }: LabelmeFile) => shape!.points.push([9, 9])),
    'labelme-points a.json, shapes[0]',
  ],
  [
    'labelme',
    async ({ read, write, path }) => {
      await write('other.json', await read('a.json'));
      await rm(path('a.json'));
    },
    'labelme-stem other.json',
  ],
  [
    'huggingface',
    async ({ edit: change, write, path }) => {
      await change('train/metadata.jsonl', '"a.jpg"', '"../a.jpg"');
      await write('a.jpg', await imageOf('jpeg'));
      await rm(path('train/a.jpg'));
    },
    'huggingface-outside train/metadata.jsonl:1',
  ],
  ['huggingface', async ({ write }) => write('train/z.png', await imageOf('png')), 'huggingface-unlisted train/z.png'],
  ['huggingface', edit('train/metadata.jsonl', '"image_id":2,', ''), 'huggingface-columns train/metadata.jsonl:2'],
  ['huggingface', ({ write }) => write('README.md', '# Cups\n'), 'huggingface-classes train/metadata.jsonl:1'],
];
