import { realpath } from 'node:fs/promises';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';
import type { DataSet, LabelledImage } from '../../core/data-set/data-set.js';
import { readTextFile } from '../../disk/regular-file.js';
import { compareUtf8, counted } from '../../core/text.js';
import { dataSetError, refuseEntry } from '../reading/errors.js';
import { ImageFinder } from '../reading/files/find-image.js';
import { toSlashes } from '../reading/files/image-name.js';
import { listBelow } from '../reading/files/list-below.js';
import { partOfFolder } from '../reading/files/part-name.js';
import type { DataSetProbe } from '../reading/probe.js';
import { readEach, type FilesToRead } from '../reading/files/read-each.js';
import type { ReadOptions } from '../reading/read-options.js';
import { ShapeCounts } from '../reading/shape-counts.js';
import { parseLabels, type LabelmeFile } from './parse-labels.js';
import { formatReadme, LABELS, README } from './write.js';

export const MAX_BYTES = 256 << 20; // with the picture itself in it
const MAX_LIST_BYTES = 16 << 20;

const READING = { maxBytes: MAX_BYTES, parse: parseLabels };

/** What LabelMe wants at the start of lists of labels, and what X-AnyLabeling writes there. */
const NO_CLASS = /^(?:__ignore__|_background_)$/;

/** Whether a path is the JSON of an image, or a folder with such files in it or below it. */
export async function recogniseLabelme(probe: DataSetProbe): Promise<boolean> {
  const isLabels = async (file: string) => {
    const paths = await probe.jsonPaths(file);
    return paths.has('shapes') && (paths.has('imagePath') || paths.has('shapes[].points'));
  };
  if (!probe.isFolder) return probe.path.toLowerCase().endsWith('.json') && (await isLabels(probe.path));
  return (await isOurs(probe)) || (await probe.find('.json', isLabels)) !== undefined; // ours may have no images
}

async function isOurs(probe: DataSetProbe): Promise<boolean> {
  const head = await probe.head(join(probe.path, README));
  return [false, true].some((onlyReviewed) => head === formatReadme({ onlyReviewed }));
}

/**
 * Reads what LabelMe and X-AnyLabeling write. All files are read twice: only then it is known which classes there are.
 */
export async function readLabelme(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const { path, isFolder } = probe;
  const root = isFolder ? path : dirname(path);
  const listed = isFolder ? (await listBelow(path, '.json')).map((file) => join(path, file)) : [path];
  const { files, classes, notes } = await surveyFiles(listed, options);
  const images: AsyncIterable<LabelledImage> = {
    async *[Symbol.asyncIterator]() {
      const finder = new ImageFinder();
      const realRoot = await realpath(root); // paths that lead out of it do so from there
      for await (const { file, content } of readEach({
        ...READING,
        files,
        onBroken: refuseChanged,
      }))
        if (content !== undefined) yield await toImage(content, { file, root, realRoot, finder, options });
    },
  };
  const isExact = await isOurs(probe);
  const list = (await readLabelList(root)).map((name) => (isExact ? name : name.trim()));
  const names = new Set([...list, ...classes]);
  return { classes: [...names].map((name) => ({ name })), images, notes };
}

/** Which of the files are labels, of which classes. */
async function surveyFiles(
  listed: readonly string[],
  options: ReadOptions,
): Promise<{ files: string[]; classes: string[]; notes: string[] }> {
  const unused = new Set<string>();
  const classes = new Set<string>();
  const counts = new ShapeCounts();
  let others = 0;
  const onBroken: FilesToRead<unknown>['onBroken'] = (file, problem) => {
    unused.add(file);
    refuseEntry(options, problem);
  };
  for await (const { file, content } of readEach({ ...READING, files: listed, onBroken })) {
    if (content === undefined) {
      unused.add(file);
      others++;
      continue;
    }
    for (const { label, kind } of content.shapes) {
      classes.add(label);
      if (kind !== 'rectangle') counts.boxed(kind === 'rotation' ? 'rotated box' : kind);
    }
    content.skipped.forEach((kind) => counts.skipped(kind));
  }
  const notes = others > 0 ? [`Left out: ${counted(others, 'JSON file')} without shapes.`] : [];
  return {
    files: listed.filter((file) => !unused.has(file)),
    classes: [...classes].sort(compareUtf8),
    notes: [...counts.notes, ...notes],
  };
}

/** It could be read before. */
const refuseChanged: FilesToRead<unknown>['onBroken'] = (_file, problem) => {
  throw dataSetError(problem);
};

async function readLabelList(root: string): Promise<string[]> {
  const text = await readTextFile(join(root, LABELS), MAX_LIST_BYTES).catch(() => ''); // many data sets have none
  const names = text.replace(/^\ufeff/, '').split(/\r?\n/);
  return names.filter((name) => name.trim() !== '' && !NO_CLASS.test(name));
}

async function toImage(
  { imagePath: stated, originalName, part: statedPart, size, shapes }: LabelmeFile,
  {
    file,
    root,
    realRoot,
    finder,
    options,
  }: { file: string; root: string; realRoot: string; finder: ImageFinder; options: ReadOptions },
): Promise<LabelledImage> {
  const inRoot = relative(root, file);
  const folder = dirname(join(realRoot, inRoot));
  const labels = inRoot.split(sep).join('/');
  const image = toSlashes(stated ?? labels.slice(0, -'.json'.length));
  const base = posix.basename(image);
  const below = posix.join(posix.dirname(labels), base);
  const at = resolve(folder, image);
  const places = [dirname(at), folder];
  const imagePath =
    (await finder.find([folder], stated ?? base)) ??
    (await finder.find(places, base)) ??
    (options.imagesRoot === undefined ? undefined : await finder.find([options.imagesRoot], originalName ?? below));
  const name = originalName ?? nameOf(at, { root: options.imagesRoot ?? realRoot, otherwise: below });
  const measured = size ?? (await options.sizeOf({ name, path: imagePath }));
  const part = statedPart ?? partOfFolder(labels);
  return {
    name,
    ...measured,
    ...(part === undefined ? {} : { part }),
    ...(imagePath === undefined ? {} : { imagePath }),
    file,
    boxes: shapes.map(({ label: className, box, score, prompt }, id) => ({
      className,
      box,
      id,
      ...(score === undefined ? {} : { score }),
      ...(prompt === undefined ? {} : { prompt }),
    })),
  };
}

/** Relative to the images' folder, where the path is in it; else as the labels lie in theirs. */
function nameOf(path: string, { root, otherwise }: { root: string; otherwise: string }): string {
  const name = relative(root, path).split(sep).join('/');
  return name.startsWith('../') || name === '' || name.startsWith('/') ? otherwise : name;
}
