import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageOf } from './correct-set.js';
import { makeDividedRun } from './divided-run.js';
import { changeCoco, edit, mark, type ChangedSet, type Coco } from './mistake.js';

const ROW = '0 0.218750 0.291667 0.312500 0.416667';
const OTHER_ROW = '1 0.703125 0.520833 0.468750 0.625000';

/** Mistakes that several formats share. */
export const GENERAL_MISTAKES: readonly ChangedSet[] = [
  ['coco', edit('instances.json', '"annotations": [', '"annotations": [[}'), 'file-unreadable instances.json:13'],
  [
    'coco',
    async (set) => {
      await set.write('instances_train.json', await set.read('instances.json'));
      await set.edit('instances.json', '"info"', 'xinfo"');
    },
    'file-unreadable instances.json:2',
  ],
  [
    'coco',
    async ({ write, read }) => write('instances_train.json', (await read('instances.json')).replace('"', 'x')),
    'file-unreadable instances_train.json:2',
  ],
  ['cvat', edit('annotations.xml', '</image>', ''), 'file-unreadable annotations.xml:75'],
  ['voc', edit('Annotations/a.xml', '</object>', ''), 'file-unreadable Annotations/a.xml:60'],
  ['voc', ({ write }) => write('Annotations/a.xml', ''), 'file-unreadable Annotations/a.xml:1'],
  ['labelme', ({ write }) => write('a.json', ''), 'file-unreadable a.json:1'],
  ['csv', edit('boxes.csv', 'class,', 'kind,'), 'file-unreadable '],
  ['yolo', edit('data.yaml', 'names:', 'names: ['), 'file-unreadable data.yaml:7'],
  [
    'csv',
    async ({ write, read }) => write('boxes.csv', `${await read('boxes.csv')}a;64;48;cup\n`),
    'entry-unreadable boxes.csv:7',
  ],
  ['csv', edit('boxes.csv', ',4,4,24,24', ',4,4,24,24,1,1'), 'entry-unreadable boxes.csv:2'],
  ['csv', edit('boxes.csv', ',4,4,24,24', ',4,4'), 'entry-unreadable boxes.csv:2'],
  ['huggingface', edit('train/metadata.jsonl', '[4,4,20,20]', '[4,4,20]'), 'entry-unreadable train/metadata.jsonl:1'],
  ['labelme', edit('a.json', '"shapes": [', '"shapes": [['), 'file-unreadable a.json:44'],
  ['label-studio', edit('tasks.json', '{"data"', '7,{"data"'), 'entry-unreadable tasks.json, item 1'],
  [
    'coco',
    changeCoco(({ annotations: [one] }) => (one!.bbox = [4, 4, 20])),
    'entry-unreadable instances.json, annotation 1',
  ],
  ['yolo', edit('labels/train/a.txt', '0.218750', 'left'), 'entry-unreadable labels/train/a.txt:1'],
  ['coco', mark('instances.json'), 'byte-order-mark instances.json:1'],
  ['yolo', mark('labels/train/a.txt'), 'byte-order-mark labels/train/a.txt:1'],
  ['yolo', mark('data.yaml'), 'byte-order-mark data.yaml:1'],
  ['csv', mark('boxes.csv'), 'byte-order-mark boxes.csv:1'],
  ['labelme', mark('a.json'), 'byte-order-mark a.json:1'],
  ['label-studio', mark('tasks.json'), 'byte-order-mark tasks.json:1'],
  ['huggingface', mark('train/metadata.jsonl'), 'byte-order-mark train/metadata.jsonl:1'],
  [
    'coco',
    changeCoco(({ annotations: [one] }) => (one!.bbox = [4, 4, 0, 20])),
    'box-empty instances.json, annotation 1',
  ],
  ['yolo', edit('labels/train/a.txt', '0.312500', '0.000000'), 'box-empty labels/train/a.txt:1'],
  ['csv', edit('boxes.csv', '4,4,24,24', '4,4,24,2'), 'box-empty boxes.csv:2'],
  [
    'coco',
    changeCoco(({ annotations: [one] }) => (one!.bbox = [50, 4, 20, 20])),
    'box-outside instances.json, annotation 1',
  ],
  ['yolo', edit('labels/train/a.txt', '0.218750', '0.900000'), 'box-outside labels/train/a.txt:1'],
  ['voc', edit('Annotations/a.xml', '<xmax>60</xmax>', '<xmax>65</xmax>'), 'box-outside Annotations/a.xml:38'],
  ['cvat', edit('annotations.xml', 'xbr="60.00"', 'xbr="64.50"'), 'box-outside annotations.xml:58'],
  ['labelme', edit('a.json', '60', '65'), 'box-outside a.json, annotation 1'],
  ['huggingface', edit('train/metadata.jsonl', '[30,10,30,30]', '[30,10,30,40]'), 'box-outside train/metadata.jsonl:1'],
  ['coco', changeCoco(({ annotations: [one] }) => (one!.score = 90)), 'score-range instances.json, annotation 1'],
  ['csv', edit('boxes.csv', '0.9,', '-0.9,'), 'score-range boxes.csv:2'],
  [
    'coco',
    changeCoco(({ annotations: [one] }) => (one!.category_id = 9)),
    'class-unknown instances.json, annotation 1',
  ],
  ['yolo', edit('labels/train/a.txt', ROW, ROW.replace('0', '2')), 'class-unknown labels/train/a.txt:1'],
  ['voc', edit('Annotations/a.xml', '<name>cup', '<name>mug'), 'class-unknown Annotations/a.xml:16'],
  ['cvat', edit('annotations.xml', 'box label="cup"', 'box label="mug"'), 'class-unknown annotations.xml:54'],
  ['label-studio', edit('tasks.json', '["cup"]', '["mug"]'), 'class-unknown tasks.json, item 1, region EbVk6kzJ8e'],
  [
    'huggingface',
    edit('train/metadata.jsonl', '"category":[0,1]', '"category":[0,2]'),
    'class-unknown train/metadata.jsonl:1',
  ],
  ['coco', changeCoco(({ categories }) => categories.push({ id: 3, name: 'cup' })), 'class-duplicate '],
  ['coco', changeCoco(({ categories: [cup] }) => (cup!.name = 'cup ')), 'class-name '],
  ['coco', changeCoco(({ categories }) => categories.push({ id: 3, name: 'cow' })), 'class-unused '],
  [
    'coco',
    async ({ change, write }) => {
      await write('results.json', '{}');
      await change('instances.json', (coco: Coco) => Object.assign(coco, { images: [], annotations: [] }));
    },
    'images-none instances.json',
  ],
  ['voc', ({ write }) => write('ImageSets/Main/val.txt', '\n'), 'images-none ImageSets/Main/val.txt'],
  ['coco', changeCoco(({ annotations: [one] }) => (one!.image_id = 9)), 'image-unknown instances.json, annotation 1'],
  ['coco', changeCoco(({ images: [, b] }) => (b!.file_name = 'a.jpg')), 'image-duplicate instances.json'],
  [
    'huggingface',
    edit('train/metadata.jsonl', '"b.png"', '"a.jpg"'),
    'image-duplicate train/metadata.jsonl:2',
    'huggingface-unlisted train/b.png',
  ],
  [
    'yolo',
    async ({ edit: change, write, path }) => {
      await change('data.yaml', 'val: images/train', 'val: images/val');
      await write('labels/val/a.txt', `${ROW}\n`);
      await write('images/val/b.jpg', await imageOf('jpeg', { shade: 10 }));
      await write('labels/val/b.txt', `${OTHER_ROW}\n`);
      await copyFile(path('images/train/a.jpg'), path('images/val/a.jpg'));
    },
    'image-in-two-parts labels/val/a.txt',
  ],
  [
    'voc',
    (set) => makeDividedRun(set, { shares: { train: 0.5, val: 0.5 }, by: 'near', seed: 0 }),
    'alike-in-two-parts duplicates.jsonl:2',
  ],
  ['yolo', async ({ write }) => write('images/train/a.png', await imageOf('png')), 'stem-shared labels/train/a.txt'],
  ['voc', async ({ write }) => write('JPEGImages/a.png', await imageOf('png')), 'stem-shared Annotations/a.xml'],
  ['labelme', async ({ write }) => write('a.png', await imageOf('png')), 'stem-shared a.json'],
  ['coco', ({ root }) => rm(join(root, 'sub/c.jpg')), 'image-missing instances.json'],
  ['voc', ({ path }) => rm(path('JPEGImages/sub/c.jpg')), 'image-missing Annotations/sub/c.xml'],
  ['huggingface', ({ path }) => rm(path('train/sub/c.jpg')), 'image-missing train/metadata.jsonl:3'],
  ['labelme', ({ write }) => write('a.jpg', 'no image'), 'image-unreadable a.json'],
  ['csv', ({ root }) => writeFile(join(root, 'a.jpg'), 'no image'), 'image-unreadable boxes.csv:2'],
  ['labelme', async ({ write }) => write('a.jpg', await imageOf('jpeg', { width: 65 })), 'image-size a.json'],
  [
    'voc',
    async ({ write }) => write('JPEGImages/a.jpg', await imageOf('jpeg', { width: 48, height: 64 })),
    'image-size Annotations/a.xml',
  ],
  [
    'labelme',
    async ({ write }) => write('a.jpg', await imageOf('jpeg', { orientation: 6 })),
    'image-size-stored a.json',
  ],
  ['coco', changeCoco(({ images: [one] }) => delete one!.width), 'image-size-missing instances.json, image 1'],
  ['cvat', edit('annotations.xml', ' height="48"', ''), 'image-size-missing annotations.xml:53'],
  [
    'voc',
    edit('Annotations/a.xml', '<width>64</width>', '<width>0</width>'),
    'image-size-missing Annotations/a.xml:10',
  ],
  ['label-studio', edit('tasks.json', '"original_width":64,', ''), 'image-size-missing tasks.json, item 1'],
  ['labelme', async ({ write }) => write('a.jpg', await imageOf('jpeg', { orientation: 3 })), 'image-turned a.json'],
  [
    'yolo',
    async ({ write }) => write('images/train/b.png', await imageOf('png', { orientation: 6 })),
    'image-turned labels/train/b.txt',
  ],
  [
    'coco',
    changeCoco(({ images: [one] }) => (one!.file_name = 'x/../../a.jpg')),
    'image-missing instances.json',
    'image-name instances.json, image 1',
  ],
  [
    'cvat',
    edit('annotations.xml', 'sub/c.jpg', 'sub/../../c.jpg'),
    'image-missing annotations.xml:65',
    'image-name annotations.xml:65',
  ],
];
