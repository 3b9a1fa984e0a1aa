import { basename, dirname, join } from 'node:path';
import type { DataSet, LabelledImage } from '../../core/data-set/data-set.js';
import { compareUtf8 } from '../../core/text.js';
import { dataSetError } from '../reading/errors.js';
import { ImageFinder } from '../reading/files/find-image.js';
import { toRelativeName } from '../reading/files/image-name.js';
import { toPart } from '../reading/files/part-name.js';
import type { DataSetProbe } from '../reading/probe.js';
import type { ReadOptions } from '../reading/read-options.js';
import { parseXmlFile } from '../xml/stream.js';
import { ImageCollector, type CvatImage } from './image-collector.js';
import { ANNOTATIONS } from './write.js';

const ROOT = /<annotations[\s>]/;

/** What CVAT calls the images of a project that are in no part. */
const NO_PART = 'default';

/** Whether a path is a file of CVAT, or a folder with one. */
export async function recogniseCvat(probe: DataSetProbe): Promise<boolean> {
  return (await findCvatFile(probe)) !== undefined;
}

export async function findCvatFile(probe: DataSetProbe): Promise<string | undefined> {
  const found: string[] = [];
  for (const file of await probe.files('.xml')) if (ROOT.test((await probe.head(file)) ?? '')) found.push(file);
  return found.find((file) => basename(file) === ANNOTATIONS) ?? found[0];
}

/** Reads "CVAT for images 1.1", of a task, a job or a project, as a stream: the file is never in memory. */
export async function readCvat(probe: DataSetProbe, options: ReadOptions): Promise<DataSet> {
  const file = await findCvatFile(probe);
  if (file === undefined) throw dataSetError({ where: probe.path, problem: 'there is no XML file of CVAT in it' });
  const notes: string[] = [];
  const images: AsyncIterable<LabelledImage> = {
    async *[Symbol.asyncIterator]() {
      const finder = new ImageFinder();
      const collector = new ImageCollector(file, options);
      for await (const _ of parseXmlFile(file, collector))
        for (const image of collector.collect()) yield await toImage(image, { file, finder, options });
      notes.splice(0, notes.length, ...collector.counts.notes);
    },
  };
  const classes = (await readLabels(file)).map((name) => ({ name }));
  return { classes, images, notes };
}

/** They come first in the file; where none are declared, those of its shapes. */
async function readLabels(file: string): Promise<string[]> {
  const collector = new ImageCollector(file, { sizeOf: () => Promise.resolve(undefined), onProblem: () => {} });
  const used = new Set<string>();
  for await (const _ of parseXmlFile(file, collector)) {
    if (collector.isPastLabels && collector.labels.length > 0) break;
    for (const { boxes } of collector.collect()) boxes.forEach(({ className }) => used.add(className));
  }
  return collector.labels.length > 0 ? [...new Set(collector.labels)] : [...used].sort(compareUtf8);
}

async function toImage(
  { id, name: stated, subset, width, height, line, boxes }: CvatImage,
  { file, finder, options }: { file: string; finder: ImageFinder; options: ReadOptions },
): Promise<LabelledImage> {
  const name = toRelativeName(stated);
  const folder = dirname(file);
  const images = join(folder, 'images');
  const places = [...(subset === undefined ? [] : [join(images, subset)]), images, folder, options.imagesRoot ?? []];
  const imagePath = await finder.find(places.flat(), name);
  const size = width > 0 && height > 0 ? { width, height } : await options.sizeOf({ name, path: imagePath });
  return {
    name,
    ...(Number.isSafeInteger(Number(id)) && id !== '' ? { id: Number(id) } : {}),
    ...size,
    ...(subset === undefined || subset.toLowerCase() === NO_PART ? {} : { part: toPart(subset) }),
    ...(imagePath === undefined ? {} : { imagePath }),
    file,
    line,
    boxes,
  };
}
