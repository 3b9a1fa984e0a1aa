import { basename, dirname } from 'node:path';
import type { ViewImage } from '../../core/image.js';
import { promptOf } from '../../core/review/view-box.js';
import { printable } from '../../core/text.js';
import type { View } from '../format.js';
import { streamedFile, textFile, type ViewFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { XmlEscaper } from '../xml/escape.js';
import { writeView } from '../view-folder/write-view.js';
import { formatLabelConfig, IMAGE_KEY, NAME_KEY, PART_KEY, TAGS } from './label-config.js';
import { regionsOf } from './region.js';

export const LABEL_CONFIG = 'label_config.xml';

/** Of a file that is imported at once, as Label Studio's documentation advises. */
export const MAX_TASKS = 100_000;

/** @param root - Absolute folder of the images: Label Studio serves folders in its document root, not that itself. */
function describeHowToOpen(root: string): string {
  const documentRoot = printable(dirname(root));
  return (
    'label-studio/tasks.json names images as local files of Label Studio. Start it with ' +
    `LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT=${documentRoot}, add the ` +
    `source storage "Local files" with the path ${printable(root)} to a project, without syncing it, paste ` +
    'label_config.xml into its labelling interface, and import the tasks.'
  );
}

/** Writes `label_config.xml` and the tasks. */
export async function writeTasks(view: View): Promise<string[]> {
  const escaper = new XmlEscaper();
  const images = view.images[Symbol.asyncIterator]();
  try {
    const groups = listGroups(view, images, escaper);
    const notes = () => escaper.notes('label-studio');
    const firstNotes = view.root === undefined ? [] : [describeHowToOpen(view.root)];
    return await writeView(view, LABEL_CONFIG, { groups, firstNotes, notes });
  } finally {
    await images.return?.();
  }
}

/** Files of one group are written one after the other: each takes up where the last one stopped. */
async function* listGroups(
  view: View,
  images: AsyncIterator<ViewImage>,
  escaper: XmlEscaper,
): AsyncGenerator<ViewFileGroup> {
  const classNames = [...view.ontology.classes].sort((a, b) => a.id - b.id).map(({ name }) => name);
  let count = 0;
  for await (const _ of view.images) count++;
  yield { files: [...filesOf(images, count, view), textFile(LABEL_CONFIG, formatLabelConfig(classNames, escaper))] };
}

function filesOf(images: AsyncIterator<ViewImage>, count: number, view: View): ViewFile[] {
  const files = Math.max(1, Math.ceil(count / MAX_TASKS));
  return Array.from({ length: files }, (_, i) => {
    const name = files === 1 ? 'tasks.json' : `tasks-${String(i + 1).padStart(3, '0')}.json`;
    return streamedFile(name, writeList(images, view));
  });
}

/** One task a line; only one is in memory at a time. */
async function* writeList(images: AsyncIterator<ViewImage>, view: View): AsyncGenerator<string> {
  let separator = '[\n';
  for (let tasks = 0; tasks < MAX_TASKS; tasks++) {
    const next = await images.next();
    if (next.done === true) break;
    yield separator + JSON.stringify(toTask(next.value, view));
    separator = ',\n';
  }
  yield separator === '[\n' ? '[\n]\n' : '\n]\n';
}

function toTask(image: ViewImage, { ontology, provenance, root }: View): object {
  const boxes = image.detections.map((detection) => {
    const { classId, score, box } = detection;
    const note = promptOf(detection, ontology);
    return { box, score, label: ontology.classes[classId]!.name, ...(note === undefined ? {} : { note }) };
  });
  const result = regionsOf(boxes, image, { tags: TAGS, image: image.name });
  const { name, publicUrl, part, isAccepted } = image;
  const data = { [IMAGE_KEY]: publicUrl ?? localFileUrl(root, name), [NAME_KEY]: name };
  const task = { data: part === undefined ? data : { ...data, [PART_KEY]: part } };
  if (isAccepted === true) return { ...task, annotations: [{ result }] };
  const least = boxes.reduce((least, { score }) => Math.min(least, score), 1);
  const score = boxes.length === 0 ? 0 : least; // sorts by doubt
  return { ...task, predictions: [{ model_version: provenance.model, score, result }] };
}

/** As Label Studio serves files: by their path below its document root, the folder above that of the images. */
function localFileUrl(root: string | undefined, name: string): string {
  const folder = root === undefined ? [] : [basename(root)];
  const path = [...folder, ...name.split('/')].filter((part) => part !== '').map(encodeURIComponent);
  return `/data/local-files/?d=${path.join('/')}`;
}
