import { basename, dirname, join, posix, relative, sep } from 'node:path';
import type { DataSet, LabelledImage } from '../../core/data-set/data-set.js';
import { compareUtf8, counted } from '../../core/text.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import { ImageFinder } from '../reading/files/find-image.js';
import { toImageName } from '../reading/files/image-name.js';
import { nameOfExported } from '../reading/files/label-studio-url.js';
import { listBelow } from '../reading/files/list-below.js';
import { partOfFolder } from '../reading/files/part-name.js';
import type { DataSetProbe } from '../reading/probe.js';
import { readEach, type FilesToRead } from '../reading/files/read-each.js';
import type { ReadOptions } from '../reading/read-options.js';
import { IMAGE_FOLDER } from './annotation-file.js';
import { fromRule } from './boxes.js';
import { RuleFinder, statedRule } from './find-rule.js';
import { readLabelMap, readParts } from './lists.js';
import { LABEL_MAP, LABEL_MAP_START } from './write.js';
import { parseAnnotation, type VocAnnotation } from './parse-annotation.js';

const FOLDER = 'Annotations';
export const MAX_BYTES = 64 << 20; // of the XML of an image
const ROOT = /<annotation[\s>]/;

/** Whether a path is the XML of an image, or a folder with such files in it or below it. */
export async function recogniseVoc(probe: DataSetProbe): Promise<boolean> {
  const isAnnotation = async (file: string) => ROOT.test((await probe.head(file)) ?? '');
  if (!probe.isFolder) return probe.path.toLowerCase().endsWith('.xml') && (await isAnnotation(probe.path));
  const isOurs = (await probe.head(join(probe.path, LABEL_MAP)))?.startsWith(LABEL_MAP_START) === true;
  return isOurs || (await probe.find('.xml', isAnnotation)) !== undefined; // ours may have no images
}

/**
 * Reads what LabelImg, CVAT, Roboflow, Label Studio or Datumaro wrote. All files are read twice: which classes there
 * are, and how the boxes count pixels, is known when all were seen.
 */
export async function readVoc(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const tree = await VocFiles.find(probe);
  const broken = new Set<string>();
  const rules = new RuleFinder();
  const classes = new Set<string>();
  const counts = { parts: 0, withoutBox: 0, difficult: 0 };
  const onBroken: FilesToRead<unknown>['onBroken'] = (file, problem) => {
    broken.add(file);
    refuseEntry(options, problem);
  };
  const reading = { maxBytes: MAX_BYTES, parse: parseAnnotation };
  for await (const { file, content } of readEach({ ...reading, files: tree.files, onBroken })) {
    rules.take(content, relative(tree.root, file));
    content.objects.forEach(({ name }) => classes.add(name));
    counts.parts += content.parts;
    counts.withoutBox += content.withoutBox;
    counts.difficult += content.objects.filter(({ isDifficult }) => isDifficult).length;
  }
  const labelMap = await readLabelMap(tree.root);
  const parts = await readParts(tree.root);
  const images: AsyncIterable<LabelledImage> = {
    async *[Symbol.asyncIterator]() {
      const finder = new ImageFinder();
      const again = { ...reading, files: tree.files.filter((file) => !broken.has(file)), onBroken: refuseChanged };
      for await (const { file, content } of readEach(again))
        yield await toImage(content, { file, tree, parts, finder, options, rule: statedRule(content) ?? rules.rule });
    },
  };
  const found = [...classes].sort(compareUtf8);
  const names = [...new Set([...labelMap, ...found])];
  return { classes: names.map((name) => ({ name })), images, notes: [...rules.notes, ...notesOn(counts)] };
}

/** It could be read before. */
const refuseChanged: FilesToRead<unknown>['onBroken'] = (_file, problem) => {
  throw dataSetError(problem);
};

/** Where the files of a data set are. */
export class VocFiles {
  readonly root: string; // with Annotations, JPEGImages and ImageSets, as far as they are there
  readonly annotations: string; // names are relative to it
  readonly files: readonly string[];

  private constructor(root: string, annotations: string, files: readonly string[]) {
    this.root = root;
    this.annotations = annotations;
    this.files = files;
  }

  static async find({ path, isFolder }: DataSetProbe): Promise<VocFiles> {
    if (!isFolder) return new VocFiles(dirname(path), dirname(path), [path]);
    if (basename(path) === FOLDER) return await VocFiles.#list(dirname(path), path);
    const direct = await listBelow(join(path, FOLDER), '.xml').catch(() => []); // there may be no such folder
    if (direct.length > 0) return await VocFiles.#list(path, join(path, FOLDER));
    const all = await listBelow(path, '.xml');
    const tops = new Set(all.map((file) => /^(?:.*\/)?Annotations(?=\/)/.exec(file)?.[0] ?? ''));
    const [top = ''] = tops;
    // VOCdevkit/VOC2012/Annotations; of several years, or without such a folder, names begin at the path itself.
    if (tops.size === 1 && top !== '') return await VocFiles.#list(join(path, dirname(top)), join(path, top));
    return new VocFiles(
      path,
      path,
      all.map((file) => join(path, file)),
    );
  }

  static async #list(root: string, annotations: string): Promise<VocFiles> {
    const files = await listBelow(annotations, '.xml');
    return new VocFiles(
      root,
      annotations,
      files.map((file) => join(annotations, file)),
    );
  }
}

/** What is known beside the file of an image. */
interface Context {
  readonly file: string;
  readonly tree: VocFiles;
  readonly parts: ReadonlyMap<string, string>;
  readonly finder: ImageFinder;
  readonly options: ReadOptions;
  readonly rule: Parameters<typeof fromRule>[1];
}

async function toImage(annotation: VocAnnotation, context: Context): Promise<LabelledImage> {
  const { file, tree, parts, finder, options, rule } = context;
  const stem = relative(tree.annotations, file).split(sep).join('/').slice(0, -'.xml'.length);
  const stated = toImageName(nameOfExported(annotation.filename ?? posix.basename(stem)));
  const filename = stated.includes('/') ? stated : posix.join(posix.dirname(stem), stated);
  const places = [join(tree.root, IMAGE_FOLDER), join(tree.root, 'images'), tree.annotations];
  const { imagesRoot } = options;
  const imagePath =
    (await finder.find(places, filename)) ??
    (imagesRoot === undefined ? undefined : await finder.find([imagesRoot], annotation.originalName ?? filename));
  const ending = imagePath === undefined || filename.includes('.') ? '' : posix.extname(imagePath);
  const name = annotation.originalName ?? filename + ending;
  const size = annotation.size ?? (await options.sizeOf({ name, path: imagePath }));
  const part = parts.get(stem) ?? (parts.size === 0 ? partOfFolder(stem) : undefined);
  return {
    name,
    ...size,
    ...(part === undefined ? {} : { part }),
    ...(imagePath === undefined ? {} : { imagePath }),
    file,
    boxes: annotation.objects.map(({ name: className, corners, line, score, prompt }) => ({
      className,
      box: fromRule(corners, rule),
      line,
      ...(score === undefined ? {} : { score }),
      ...(prompt === undefined ? {} : { prompt }),
    })),
  };
}

function notesOn({ parts, withoutBox, difficult }: { parts: number; withoutBox: number; difficult: number }): string[] {
  return [
    ...(withoutBox > 0 ? [`Left out: ${counted(withoutBox, 'object')} without a bndbox.`] : []),
    ...(parts > 0 ? [`Left out: ${counted(parts, 'part')} of objects, such as heads and hands.`] : []),
    ...(difficult > 0 ? [`Read as the others are: ${counted(difficult, 'object')} marked as difficult.`] : []),
  ];
}
