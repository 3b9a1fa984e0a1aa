import { dirname, join, relative } from 'node:path';
import { xywhToXyxy } from '../../core/box.js';
import {
  placeOf,
  type DataSet,
  type DataSetClass,
  type LabelledBox,
  type LabelledImage,
} from '../../core/data-set/data-set.js';
import { compareUtf8 } from '../../core/text.js';
import { readLines } from '../../disk/lines.js';
import { dataSetError, refuseEntry, toDataSetError } from '../reading/errors.js';
import { listFilesBelow } from '../reading/image-names.js';
import type { DataSetProbe } from '../reading/probe.js';
import type { ReadOptions } from '../reading/read-options.js';
import { toPart } from '../reading/files/part-name.js';
import { METADATA, parseMetadata, type MetadataImage } from './metadata.js';
import { classNamesIn, README } from './readme.js';

const SPLITS = { depth: 1 }; // a folder for each, or none

/** Whether a path is a file of metadata with boxes, or a folder with one. */
export async function recogniseHuggingFace(probe: DataSetProbe): Promise<boolean> {
  const hasBoxes = async (file: string) => {
    const paths = await probe.jsonPaths(file);
    return paths.has('file_name') && (paths.has('objects') || paths.has('objects[]'));
  };
  if (!probe.isFolder) return await hasBoxes(probe.path);
  if ((await probe.find(METADATA, hasBoxes, SPLITS)) !== undefined) return true;
  const hasClasses = (await findClassNames(probe, probe.path)) !== undefined;
  return hasClasses && (await probe.find(METADATA, () => Promise.resolve(true), SPLITS)) !== undefined; // of no images
}

/**
 * Reads an `imagefolder` with boxes: `objects` with lists, or a list of objects. Classes are numbers, which `README.md`
 * names, or names.
 */
export async function readHuggingFace(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const folder = probe.isFolder ? probe.path : dirname(probe.path);
  const files = probe.isFolder ? await listMetadata(folder) : [probe.path];
  if (files.length === 0) throw dataSetError({ where: folder, problem: `there is no ${METADATA} in it` });
  const names = await findClassNames(probe, folder);
  const read = () => readImages({ files, folder, names }, options);
  const reportLater = { ...options, onProblem: () => {} }; // when the images are read
  const classes =
    names?.map((name, id) => ({ id, name })) ??
    (await collectClasses(readImages({ files, folder, names }, reportLater)));
  return { classes, images: { [Symbol.asyncIterator]: read }, notes: [] };
}

export async function listMetadata(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const file of listFilesBelow(folder))
    if (file === METADATA || file.endsWith(`/${METADATA}`)) files.push(join(folder, file));
  return files;
}

/** Of the description in the folder; of one file of metadata, also in the folder above. */
export async function findClassNames(probe: DataSetProbe, folder: string): Promise<readonly string[] | undefined> {
  for (const at of probe.isFolder ? [folder] : [folder, dirname(folder)]) {
    const names = classNamesIn((await probe.head(join(at, README))) ?? '');
    if (names !== undefined) return names;
  }
  return undefined;
}

interface Metadata {
  readonly files: readonly string[]; // absolute
  readonly folder: string; // absolute, of the data set
  readonly names: readonly string[] | undefined; // of the classes
}

async function* readImages({ files, folder, names }: Metadata, options: ReadOptions): AsyncGenerator<LabelledImage> {
  for (const file of files) {
    const [part, ...rest] = relative(folder, dirname(file)).split(/[/\\]/);
    const where = { file, ...(part === '' || rest.length > 0 ? {} : { part: toPart(part!) }) };
    try {
      for await (const { line, number } of readLines(file)) {
        if (line.trim() === '') continue;
        const parsed = parseMetadata(line);
        if (typeof parsed === 'string') refuseEntry(options, { where: `${file}:${number}`, problem: parsed });
        else yield toImage(parsed, { ...where, line: number }, { names, options });
      }
    } catch (error) {
      throw toDataSetError(file, error);
    }
  }
}

function toImage(
  { fileName, id, width, height, objects }: MetadataImage,
  place: Pick<LabelledImage, 'file' | 'line' | 'part'>,
  { names, options }: { names: readonly string[] | undefined; options: ReadOptions },
): LabelledImage {
  const boxes: LabelledBox[] = [];
  for (const { category, bbox, score, prompt } of objects) {
    const className = typeof category === 'string' || names === undefined ? String(category) : names[category];
    if (className === undefined) {
      const problem = `the category ${category} is not one of the ${names!.length} classes of ${README}`;
      refuseEntry(options, { where: placeOf(place), problem, rule: 'class-unknown' });
      continue;
    }
    boxes.push({
      className,
      box: xywhToXyxy(bbox),
      xywh: bbox,
      ...(score === undefined ? {} : { score }),
      ...(prompt === undefined ? {} : { prompt }),
    });
  }
  return {
    name: fileName,
    ...(id === undefined ? {} : { id }),
    ...(width === undefined || height === undefined ? {} : { width, height }),
    imagePath: join(dirname(place.file), fileName),
    ...place,
    boxes,
  };
}

/** The classes of the boxes, in the order of their names or numbers. */
async function collectClasses(images: AsyncIterable<LabelledImage>): Promise<DataSetClass[]> {
  const names = new Set<string>();
  for await (const { boxes } of images) for (const { className } of boxes) names.add(className);
  const isNumber = (name: string) => /^\d+$/.test(name);
  const sorted = [...names].sort((a, b) => (isNumber(a) && isNumber(b) ? Number(a) - Number(b) : compareUtf8(a, b)));
  return sorted.map((name) => (isNumber(name) ? { id: Number(name), name } : { name }));
}
