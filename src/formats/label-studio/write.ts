import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import type { View } from '../format.js';
import { streamedFile, textFile, type ViewFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { XmlEscaper } from '../xml/escape.js';
import { writeView } from '../view-folder/write-view.js';
import { formatLabelConfig, IMAGE_KEY, NAME_KEY, PART_KEY, TAGS } from './label-config.js';
import { regionsOf } from './region.js';

export const LABEL_CONFIG = 'label_config.xml';

/** Of a file that is imported at once, as Label Studio's documentation advises. */
const MAX_TASKS = 100_000;

const HOW_TO_OPEN =
  'label-studio/tasks.json names images as local files of Label Studio. Start it with ' +
  'LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true and LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT set to the folder of the ' +
  'images, paste label_config.xml into the labelling interface of a project, and import the tasks.';

/** Writes `label_config.xml` and the tasks. */
export async function writeTasks(view: View): Promise<string[]> {
  const escaper = new XmlEscaper();
  const images = view.images[Symbol.asyncIterator]();
  try {
    const groups = listGroups(view, images, escaper);
    const notes = () => escaper.notes('label-studio');
    return await writeView(view, LABEL_CONFIG, { groups, firstNotes: [HOW_TO_OPEN], notes });
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
async function* writeList(images: AsyncIterator<ViewImage>, { ontology, provenance }: View): AsyncGenerator<string> {
  let separator = '[\n';
  for (let tasks = 0; tasks < MAX_TASKS; tasks++) {
    const next = await images.next();
    if (next.done === true) break;
    yield separator + JSON.stringify(toTask(next.value, ontology, provenance.model));
    separator = ',\n';
  }
  yield separator === '[\n' ? '[\n]\n' : '\n]\n';
}

function toTask(image: ViewImage, { classes, queries }: Ontology, model: string): object {
  const boxes = image.detections.map(({ classId, queryId, score, box }) => {
    return { box, score, label: classes[classId]!.name, note: queries[queryId]!.prompt };
  });
  const prediction = {
    model_version: model,
    score: boxes.reduce((least, { score }) => Math.min(least, score), boxes.length === 0 ? 0 : 1), // sorts by doubt
    result: regionsOf(boxes, image, { tags: TAGS, image: image.name }),
  };
  const { name, publicUrl: url } = image;
  const data = url === undefined ? { [IMAGE_KEY]: localFileUrl(name) } : { [IMAGE_KEY]: url, [NAME_KEY]: name };
  const part = image.part === undefined ? {} : { [PART_KEY]: image.part };
  return { data: { ...data, ...part }, predictions: [prediction] };
}

/** As Label Studio serves files below its document root. */
export function localFileUrl(name: string): string {
  return `/data/local-files/?d=${name.split('/').map(encodeURIComponent).join('/')}`;
}
