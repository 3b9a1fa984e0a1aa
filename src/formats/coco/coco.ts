import { round } from '../../core/box.js';
import { BOX_DECIMALS } from '../../core/detection.js';
import type { ViewImage } from '../../core/image.js';
import type { Ontology } from '../../core/ontology.js';
import { promptOf, type ViewBox } from '../../core/review/view-box.js';
import { counted } from '../../core/text.js';
import { bboxOf } from '../bbox.js';
import type { AnnotationFormat, Provenance, View } from '../format.js';
import { readCoco, recogniseCoco } from './read-coco.js';
import { streamedFile } from '../view-folder/view-file.js';
import { imagesOfPart } from '../view-images.js';
import { writeView } from '../view-folder/write-view.js';

const SIGNATURE = 'instances.json';
const RESULTS =
  'results.json holds every stored detection of these images, before thresholds and non-maximum suppression (NMS): ' +
  'apply NMS before you compute average precision';

/**
 * COCO: `instances.json` with the selected detections, including scores and prompts, and `results.json` with all stored
 * ones in the form that `COCO.loadRes` reads, because average precision needs the detections below the threshold. They
 * are those before suppression, of which average precision counts the duplicates as wrong: suppress them first. Where
 * the images are divided, `instances_train.json` and so on have those of each part.
 *
 * @see https://cocodataset.org/#format-data; pycocotools wants `info`, annotation ids from 1, `area` and `iscrowd`
 */
export const coco: AnnotationFormat = {
  title: 'COCO instances and results',
  form: 2,
  signature: SIGNATURE,
  opened: SIGNATURE,
  recognise: recogniseCoco,
  read: readCoco,
  write: async (view) => {
    const epoch = process.env['SOURCE_DATE_EPOCH'] ?? '';
    const date = dateOf(epoch);
    const isDateWrong = epoch !== '' && date === undefined;
    const counts = { images: 0, results: 0 };
    const files = [
      streamedFile(SIGNATURE, writeInstances(view, date)),
      streamedFile('results.json', writeResults(view, counts)),
      ...(view.parts ?? []).map((part) => {
        const images = imagesOfPart(view, part);
        return streamedFile(`instances_${part}.json`, writeInstances({ ...view, images }, date));
      }),
    ];
    const notes = () => [
      ...(isDateWrong ? ['SOURCE_DATE_EPOCH is not a number of seconds: coco/ states no date.'] : []),
      ...(counts.results === 0
        ? [`coco/results.json is an empty list, which pycocotools cannot load: ${whyEmpty(view, counts.images)}.`]
        : []),
    ];
    return await writeView(view, SIGNATURE, { groups: [{ files }], notes });
  },
};

function whyEmpty({ countLeftOut }: View, images: number): string {
  const leftOut = countLeftOut?.() ?? 0;
  const listed = images === 0 ? 'instances.json lists no image' : 'the images in instances.json have no detections';
  if (leftOut === 0) return listed;
  return `${listed}; --negatives left out ${counted(leftOut, 'image')} without boxes above the thresholds`;
}

/** One image or annotation per line; only one line is in memory at a time. */
async function* writeInstances(
  { images, ontology, provenance, onlyReviewed = false }: View,
  date: string | undefined,
): AsyncGenerator<string> {
  const description = onlyReviewed ? REVIEWED_DRAFTS : DRAFTS;
  const info = { description, ...describeData(provenance, date) };
  yield `{\n"info": ${toAsciiJson(info)},\n"licenses": [],\n"categories": [`;
  const classes = [...ontology.classes].sort((a, b) => a.id - b.id);
  const categories = classes.map(({ id, name }) => toAsciiJson({ id, name, supercategory: '' }));
  yield `\n${categories.join(',\n')}\n],\n"images": [`;
  yield* listItems(images, ({ id, name, width, height, publicUrl, isAccepted }) => {
    const isOnWeb = publicUrl !== undefined && /^https?:/.test(publicUrl);
    const address = isOnWeb ? { coco_url: publicUrl } : {};
    return [{ id, file_name: name, width, height, ...address, ...(isAccepted === true ? { reviewed: true } : {}) }];
  });
  yield `\n],\n"annotations": [`;
  let annotationId = 0;
  yield* listItems(images, (image) =>
    image.detections.map((detection) => {
      const { classId, score } = detection;
      const bbox = bboxOf(detection.box);
      return {
        id: ++annotationId,
        image_id: image.id,
        category_id: ontology.classes[classId]!.id,
        bbox,
        area: round(bbox[2] * bbox[3], 2 * BOX_DECIMALS),
        iscrowd: 0,
        segmentation: [],
        score,
        attributes: toAttributes(detection, ontology),
      };
    }),
  );
  yield '\n]\n}\n';
}

/** A box that a person has drawn has no prompt. */
function toAttributes(box: ViewBox, ontology: Ontology): object {
  const prompt = promptOf(box, ontology);
  return { ...(prompt === undefined ? {} : { prompt }), source: box.review === undefined ? 'auto' : 'reviewed' };
}

/** Of the images of the instances alone: `COCO.loadRes` refuses results of others. */
async function* writeResults(
  { images, ontology }: View,
  counts: { images: number; results: number },
): AsyncGenerator<string> {
  yield '[';
  yield* listItems(images, (image) => {
    counts.images++;
    counts.results += image.stored.length;
    return image.stored.map(({ classId, score, box }) => {
      return { image_id: image.id, category_id: ontology.classes[classId]!.id, bbox: bboxOf(box), score };
    });
  });
  yield '\n]\n';
}

async function* listItems(images: View['images'], items: (image: ViewImage) => object[]): AsyncGenerator<string> {
  let separator = '\n';
  for await (const image of images) {
    let text = '';
    for (const item of items(image)) {
      text += separator + JSON.stringify(item);
      separator = ',\n';
    }
    if (text !== '') yield toAscii(text);
  }
}

const DRAFTS = 'Draft annotations, to be corrected by people';
const REVIEWED_DRAFTS = 'Draft annotations, reviewed by people';

function describeData({ version, model, modelSha256, year }: Provenance, date: string | undefined) {
  return {
    version: '1.0',
    year,
    contributor: `preannotate ${version}`,
    ...(date === undefined ? {} : { date_created: date }),
    provenance: {
      tool: 'preannotate',
      version,
      model,
      model_sha256: modelSha256,
      results: RESULTS,
      ids: 'images are numbered by name when they are first seen, classes as in classes.json; both keep their numbers',
    },
  };
}

/** The time of the run is in run.json: this file is reproducible. @see https://reproducible-builds.org */
function dateOf(sourceDateEpoch: string): string | undefined {
  const date = new Date(/^\d+$/.test(sourceDateEpoch) ? Number(sourceDateEpoch) * 1000 : NaN);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** JSON in ASCII: pycocotools opens files in the locale's encoding. */
function toAsciiJson(value: object): string {
  return toAscii(JSON.stringify(value));
}

function toAscii(json: string): string {
  return json.replaceAll(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
