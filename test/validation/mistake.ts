import type { FormatName } from '../../src/formats/index.js';
import type { RuleId } from '../../src/validation/rules/rules.js';
import type { CorrectSet } from './correct-set.js';

/** One change to a correct data set, and what is found of it: `<rule> <place>`, each. */
export type ChangedSet = readonly [
  format: FormatName,
  change: (set: CorrectSet) => Promise<unknown>,
  ...found: `${RuleId} ${string}`[],
];

/** A COCO file, as far as tests change it. */
export interface Coco {
  info?: object;
  images: { id: number; file_name: string; width?: number; height?: number }[];
  categories: { id: number; name: string; supercategory?: unknown }[];
  annotations: {
    id?: number;
    image_id: number;
    category_id: number;
    bbox: unknown;
    area?: number;
    iscrowd?: number;
    score?: number;
  }[];
}

/** A task of Label Studio, as far as tests change it. */
export interface Task {
  data: { image: string };
  predictions: { result: Region[] }[];
}

export interface Region {
  id?: string;
  from_name: string;
  original_width?: number;
  value: { rectanglelabels: string[] };
}

export const changeCoco = (change: (coco: Coco) => unknown) => (set: CorrectSet) =>
  set.change('instances.json', change);

export const changeTasks = (change: (tasks: Task[]) => unknown) => (set: CorrectSet) =>
  set.change('tasks.json', change);

export const edit = (name: string, from: string, to: string) => (set: CorrectSet) => set.edit(name, from, to);

/** Puts a byte order mark before a file. */
export const mark = (name: string) => async (set: CorrectSet) => set.write(name, `\ufeff${await set.read(name)}`);
