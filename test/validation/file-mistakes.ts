import { rm } from 'node:fs/promises';
import { changeCoco, changeTasks, edit, type ChangedSet, type Coco, type Region, type Task } from './mistake.js';

const region = (tasks: Task[]): Region => tasks[0]!.predictions[0]!.result[0]!;
const FIRST = 'tasks.json, item 1, region EbVk6kzJ8e';

/** Mistakes in formats that have one file for all images. */
export const FILE_MISTAKES: readonly ChangedSet[] = [
  ['coco', changeCoco((coco) => delete coco.info), 'coco-keys instances.json'],
  [
    'coco',
    changeCoco(({ images: [, b] }) => (b!.id = 1)),
    'coco-image-id-duplicate instances.json, image 1',
    'coco-results results.json, result[2]',
    'coco-results results.json, result[3]',
  ],
  [
    'coco',
    changeCoco(({ categories }) => categories.push({ id: 1, name: 'cow' })),
    'coco-category-id-duplicate instances.json, categories[2]',
  ],
  ['coco', changeCoco(({ annotations: [one] }) => delete one!.id), 'coco-annotation-id instances.json, annotations[0]'],
  ['coco', changeCoco(({ annotations: [one] }) => (one!.id = 0)), 'coco-annotation-id instances.json, annotation 0'],
  [
    'coco',
    changeCoco(({ annotations: [one] }) => (one!.id = 2)),
    'coco-annotation-id-duplicate instances.json, annotation 2',
  ],
  [
    'coco',
    changeCoco(({ categories: [cup], annotations }) => {
      cup!.id = 0;
      for (const one of annotations) if (one.category_id === 1) one.category_id = 0;
    }),
    'coco-id-zero instances.json, categories[0]',
  ],
  ['coco', changeCoco(({ annotations: [one] }) => delete one!.area), 'coco-area instances.json, annotation 1'],
  ['coco', changeCoco(({ annotations: [one] }) => (one!.area = 4000)), 'coco-area instances.json, annotation 1'],
  ['coco', changeCoco(({ annotations: [one] }) => delete one!.iscrowd), 'coco-iscrowd instances.json, annotation 1'],
  [
    'coco',
    changeCoco(({ categories: [cup] }) => (cup!.supercategory = null)),
    'coco-supercategory instances.json, categories[0]',
  ],
  ['coco', edit('instances.json', 'corrected by people', 'corrigées'), 'coco-not-ascii instances.json:2'],
  ['coco', edit('results.json', '"image_id":1', '"image_id":7'), 'coco-results results.json, result[0]'],
  ['coco', ({ write }) => write('results.json', '[]'), 'coco-results results.json'],
  [
    'coco',
    async ({ change, write }) => {
      await change('instances.json', (coco: Coco) => (coco.annotations = []));
      await write('results.json', '[]');
    },
    'coco-results-empty results.json',
  ],
  ['cvat', edit('annotations.xml', '1.1', '1.0'), 'cvat-version annotations.xml'],
  ['cvat', edit('annotations.xml', 'id="1"', 'id="0"'), 'cvat-id-duplicate annotations.xml:63'],
  ['cvat', edit('annotations.xml', 'id="2"', 'id="9"')],
  ['cvat', edit('annotations.xml', 'id="0"', 'id="5"'), 'cvat-order annotations.xml:63'],
  ['cvat', edit('annotations.xml', ' occluded="0"', ''), 'cvat-occluded annotations.xml:54'],
  ['cvat', edit('annotations.xml', 'xtl="4.00"', 'xtl="34.00"'), 'cvat-corners annotations.xml:54'],
  [
    'cvat',
    edit('annotations.xml', '<attribute name="score">', '<attribute name="colour">'),
    'cvat-attribute annotations.xml:55',
  ],
  ['csv', edit('boxes.csv', 'a cup', '=1+1'), 'csv-formula boxes.csv:2'],
  ['csv', edit('boxes.csv', 'dog,2', 'dog,1'), 'csv-class-id boxes.csv:3', 'csv-class-id boxes.csv:6'],
  ['csv', edit('boxes.csv', 'a.jpg,64,48,dog', 'a.jpg,48,64,dog'), 'csv-size boxes.csv:3'],
  ['label-studio', ({ path }) => rm(path('label_config.xml')), 'label-studio-config label_config.xml'],
  ['label-studio', changeTasks((tasks) => (region(tasks).from_name = 'tag')), `label-studio-tags ${FIRST}`],
  [
    'label-studio',
    changeTasks((tasks) => delete region(tasks).id),
    'label-studio-region-id tasks.json, item 1, region 0',
  ],
  [
    'label-studio',
    changeTasks((tasks) => (tasks[0]!.predictions[0]!.result[1]!.id = region(tasks).id!)),
    `label-studio-region-id ${FIRST}`,
  ],
  [
    'label-studio',
    changeTasks(([first]) => (first!.data.image = '/home/me/a.jpg')),
    'label-studio-address tasks.json, item 1',
  ],
  [
    'label-studio',
    async ({ write }) => {
      const tasks = Array.from({ length: 100_001 }, (_, i) => `{"data":{"image":"s3://b/${i}.jpg"},"predictions":[]}`);
      await write('tasks.json', `[${tasks.join(',\n')}]`);
    },
    'label-studio-tasks tasks.json',
  ],
];
