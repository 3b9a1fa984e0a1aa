import { dirname, join } from 'node:path';
import type { DataSet, LabelledImage } from '../../core/data-set/data-set.js';
import { mapInOrder } from '../../core/stream.js';
import { counted } from '../../core/text.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import { withoutEnding } from '../reading/image-names.js';
import type { DataSetProbe } from '../reading/probe.js';
import type { ReadOptions } from '../reading/read-options.js';
import {
  isDataYaml,
  isObjData,
  readClassList,
  readDataYaml,
  readObjData,
  type YoloDescription,
} from './description.js';
import { readLabels } from './read-labels.js';
import { listImages, type YoloImage } from './list-images.js';
import { readRenamed } from './renamed.js';

const FILES_AT_ONCE = 16; // reading small files waits for the disk more than it computes
const CLASS_LISTS = ['classes.txt', 'obj.names'];
const LABEL_ROW = /^\s*\d+(?:\s+-?\d*\.?\d+(?:e-?\d+)?){4,}\s*$/;

/** Whether a path is a YOLO data set: by `data.yaml`, by `obj.data`, or a folder of labels. */
export async function recogniseYolo(probe: DataSetProbe): Promise<boolean> {
  return (await findDescription(probe)) !== undefined;
}

/**
 * Reads YOLO labels as Ultralytics, CVAT (also its format YOLO 1.1), Label Studio and Roboflow write them, and a folder
 * of labels that a program predicted. Sizes come from the images. Of a polygon, the bounding box is read.
 */
export async function readYolo(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const described = await findDescription(probe);
  if (described === undefined) {
    const problem = 'it holds no data.yaml, no obj.data and no folder "labels" of YOLO labels';
    throw dataSetError({ where: probe.path, problem, hint: 'Name the folder that does.' });
  }
  const description = await described();
  const { classNames = options.numberedAs?.classes.map(({ name }) => name) } = description;
  return new YoloReader({ ...description, classNames }, options).toDataSet();
}

/** @returns What reads the description of the data set. */
export async function findDescription(probe: DataSetProbe): Promise<(() => Promise<YoloDescription>) | undefined> {
  const candidates = probe.isFolder
    ? [...(await probe.files('.yaml')), ...(await probe.files('.yml')), ...(await probe.files('.data'))]
    : [probe.path];
  for (const file of candidates) {
    const head = (await probe.head(file)) ?? '';
    if (isDataYaml(file, head)) return () => readDataYaml(file);
    if (isObjData(head)) return () => readObjData(file);
  }
  return await findLabels(probe);
}

/** A folder of labels, or one with `labels/`; with or without images and a list of classes beside it. */
async function findLabels(probe: DataSetProbe): Promise<(() => Promise<YoloDescription>) | undefined> {
  const hasRows = async (file: string) => {
    const [first = ''] = ((await probe.head(file)) ?? '').trimStart().split('\n');
    return LABEL_ROW.test(first);
  };
  const isBeside = (await probe.find('.txt', hasRows, { folder: 'labels' })) !== undefined;
  if (!isBeside && (await probe.find('.txt', hasRows, { depth: 0 })) === undefined) return undefined;
  const folder = probe.path;
  const part = isBeside
    ? ({ names: [], place: join(folder, 'images'), kind: 'images' } as const)
    : ({ names: [], place: folder, kind: 'labels' } as const);
  return async () => ({
    folder,
    classNames: await findClassNames(probe, folder),
    parts: [part],
    hasKeypoints: false,
  });
}

/** The list of classes in a folder of labels, or in the folder above it. */
async function findClassNames(probe: DataSetProbe, folder: string): Promise<readonly string[] | undefined> {
  for (const at of [folder, dirname(folder)])
    for (const name of CLASS_LISTS)
      if ((await probe.head(join(at, name))) !== undefined) return await readClassList(join(at, name));
  return undefined;
}

class YoloReader {
  readonly #description: YoloDescription;
  readonly #options: ReadOptions;
  readonly #notes: string[] = [];

  constructor(description: YoloDescription, options: ReadOptions) {
    this.#description = description;
    this.#options = options;
  }

  toDataSet(): DataSet {
    const { classNames } = this.#description;
    const images = { [Symbol.asyncIterator]: () => this.#read() };
    const classes = (classNames ?? []).map((name, id) => ({ id, name }));
    return { classes, images, notes: this.#notes, ...(classNames === undefined ? { isNumbered: true } : {}) };
  }

  async *#read(): AsyncGenerator<LabelledImage> {
    const options = { ...this.#options, ...this.#description };
    const renamed = await readRenamed(this.#description.folder);
    let polygons = 0;
    for (const { names, ...part } of this.#description.parts) {
      const listed = listImages(part, this.#options.imagesRoot);
      const readOne = async (image: YoloImage) => {
        const name = renamed.get(withoutEnding(image.name)) ?? image.name;
        return await readLabels({ ...image, name }, options);
      };
      for await (const { image, problems, ...read } of mapInOrder(listed, FILES_AT_ONCE, readOne)) {
        problems.forEach((problem) => refuseEntry(this.#options, problem));
        polygons += read.polygons;
        yield names.length === 1 ? { ...image, part: names[0]! } : image;
      }
    }
    this.#notes.splice(0, Infinity, ...notesOf(polygons));
  }
}

function notesOf(polygons: number): string[] {
  return polygons === 0 ? [] : [`${counted(polygons, 'row')} with a polygon: its bounding box was read.`];
}
