import { stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { readLines } from '../../disk/lines.js';
import { toDataSetError } from '../reading/errors.js';
import { nameOfExported } from '../reading/files/label-studio-url.js';
import { ImageFinder, isImageName, listFilesBelow, withoutEnding } from '../reading/image-names.js';
import type { YoloPart } from './description.js';

type ImagePlaces = Pick<YoloPart, 'place' | 'kind'>;

const IMAGES = '/images/';
const LABELS = '/labels/';
const SCORED = '/labels_conf/';
const DARKNET_FOLDER = /^(?:.*\/)?obj_[^/]+_data\//; // of images and labels

/** An image and the file of its labels, which may not be there. */
export interface YoloImage {
  readonly name: string; // relative to the folder of the images
  readonly label: string; // absolute
  readonly scoredLabel: string | undefined; // absolute: where this program writes the same rows with scores
  readonly path: string | undefined; // absolute; undefined where the image is not there
}

/**
 * The images of a part, in the order of their list, or sorted. Where the data set has labels alone, images are looked
 * for below `imagesRoot`; one that is not found is called as its labels are, without an ending.
 */
export async function* listImages(part: ImagePlaces, imagesRoot: string | undefined): AsyncGenerator<YoloImage> {
  if (part.kind === 'list') yield* listNamed(part.place, imagesRoot);
  else if (part.kind === 'labels') yield* listLabelled({ labels: part.place }, imagesRoot);
  else yield* listFolder(part.place, imagesRoot);
}

/** @param images - Absolute folder of images, or where they were: labels are enough. */
async function* listFolder(images: string, imagesRoot: string | undefined): AsyncGenerator<YoloImage> {
  let count = 0;
  for await (const name of listFilesBelow(images)) {
    const path = join(images, name);
    const label = await labelOf(path);
    if (label === undefined) continue;
    count++;
    yield { name, path, label, scoredLabel: scoredLabelOf(path) };
  }
  const folder = `${images}/`;
  if (count === 0) yield* listLabelled({ labels: move(folder, LABELS), scored: move(folder, SCORED) }, imagesRoot);
}

/** The images that a text file names, one a line: absolute, or relative to the folder of the list. */
async function* listNamed(list: string, imagesRoot: string | undefined): AsyncGenerator<YoloImage> {
  const folder = dirname(list);
  try {
    for await (const { line } of readLines(list)) {
      const stated = line.trim().replace(/^\.\//, '');
      if (stated === '') continue;
      const path = await findListed(folder, stated);
      const name = nameOf(path.slice(path.startsWith(folder + sep) ? folder.length + 1 : 0));
      const own = imagesRoot === undefined ? [] : [join(imagesRoot, name)];
      const label = `${withoutEnding(move(path, LABELS))}.txt`;
      yield { name, path: await firstFile([path, ...own]), label, scoredLabel: scoredLabelOf(path) };
    }
  } catch (error) {
    throw toDataSetError(list, error);
  }
}

/** @param folders - Absolute, of label files. */
async function* listLabelled(
  { labels, scored }: { labels: string; scored?: string },
  imagesRoot: string | undefined,
): AsyncGenerator<YoloImage> {
  const finder = imagesRoot === undefined ? undefined : new ImageFinder(imagesRoot);
  for await (const file of listFilesBelow(labels)) {
    if (!file.endsWith('.txt')) continue;
    const stem = nameOfExported(withoutEnding(file));
    const found = await finder?.find(stem);
    const path = found === undefined ? undefined : join(imagesRoot!, found);
    const scoredLabel = scored === undefined ? undefined : join(scored, file);
    yield { name: found ?? stem, path, label: join(labels, file), scoredLabel };
  }
}

/** CVAT names `data/obj_train_data/a.jpg` what is in `obj_train_data`; labels are found beside it, or the image is. */
async function findListed(folder: string, stated: string): Promise<string> {
  const path = resolve(folder, stated);
  const other = resolve(folder, stated.replace(/^data\//, ''));
  return path === other || (await isFile(path)) || (await isFile(`${withoutEnding(move(path, LABELS))}.txt`))
    ? path
    : other;
}

/** What follows the folder of a part, or of all images. */
function nameOf(path: string): string {
  const darknet = DARKNET_FOLDER.exec(path);
  if (darknet !== null) return path.slice(darknet[0].length);
  const images = `/${path}`.lastIndexOf(IMAGES);
  if (images === -1) return path;
  return path.slice(images + IMAGES.length - 1).replace(/^(?:train|val|test)\//, '');
}

/**
 * Where the labels of an image are: Ultralytics' `img2label_paths` has the last `/images/` become `/labels/`, and what
 * follows the last dot `txt`.
 *
 * @returns undefined for a file that is no image: by its name, and because it has no labels.
 */
async function labelOf(image: string): Promise<string | undefined> {
  const path = move(image, LABELS);
  const label = `${withoutEnding(path)}.txt`;
  if (isImageName(image)) return label;
  if (image.endsWith('.txt') || image.endsWith('.cache')) return undefined;
  return await firstFile([label, `${path}.txt`]);
}

function scoredLabelOf(image: string): string | undefined {
  return image.includes(IMAGES) ? `${withoutEnding(move(image, SCORED))}.txt` : undefined;
}

/** The folder of labels that readers pair with a folder of images; undefined where labels lie beside images. */
export function labelFolderOf(images: string): string | undefined {
  const folder = `${images}/`;
  const labels = move(folder, LABELS);
  return labels === folder ? undefined : labels;
}

/** A path with another folder for the last one called `images`. */
function move(path: string, folder: string): string {
  const at = path.lastIndexOf(IMAGES);
  return at === -1 ? path : path.slice(0, at) + folder + path.slice(at + IMAGES.length);
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}
