import { posix } from 'node:path';
import type { Ontology } from '../../core/ontology.js';
import type { PartName } from '../../core/data-set/split.js';
import { promptOf } from '../../core/review/view-box.js';
import { bboxOf } from '../bbox.js';
import type { AnnotationFormat, View } from '../format.js';
import { streamedFile, textFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { imagesOfPart, ViewImages } from '../view-images.js';
import { writeView } from '../view-folder/write-view.js';
import { METADATA } from './metadata.js';
import { readHuggingFace, recogniseHuggingFace } from './read-huggingface.js';
import { formatReadme, README } from './readme.js';

const IMAGES = 'copy';
const SPLIT = 'train'; // of all images, unless they are divided: what `load_dataset` calls them then

/**
 * An `imagefolder` of the Hugging Face `datasets` library: `train/metadata.jsonl` with a line for each image, the
 * images beside it, and the names of classes in the YAML of `README.md`; a folder for each part where the images are
 * divided. Boxes are `[x, y, width, height]`; `category` is the place of the class in that list.
 *
 * @see https://huggingface.co/docs/datasets/image_dataset#object-detection
 */
export const huggingface: AnnotationFormat = {
  title: 'Hugging Face imagefolder',
  form: 1,
  signature: README,
  opened: '',
  recognise: recogniseHuggingFace,
  read: readHuggingFace,
  images: IMAGES, // so that the folder can be uploaded as it is
  write: async (view) => {
    const images = new ViewImages(view, { name: 'huggingface', folder: describeFolder(view), usual: IMAGES });
    const groups = listGroups(view, images);
    return await writeView(view, README, { folders: partsOf(view), groups, notes: () => images.notes });
  },
};

async function* listGroups(view: View, images: ViewImages): AsyncGenerator<ViewFileGroup> {
  for await (const image of view.images)
    yield { image: image.name, files: images.filesOf(image, posix.join(image.part ?? SPLIT, image.name)) };
  yield {
    files: [
      ...partsOf(view).map((part) => {
        const images = view.parts === undefined ? view.images : imagesOfPart(view, part);
        return streamedFile(posix.join(part, METADATA), writeMetadata({ ...view, images }));
      }),
      textFile(README, formatReadme(listClasses(view.ontology), partsOf(view), view)),
    ],
  };
}

function partsOf({ parts = [SPLIT] }: View): readonly PartName[] {
  return parts;
}

function describeFolder({ parts }: View): string {
  return parts === undefined ? `huggingface/${SPLIT}` : 'huggingface';
}

async function* writeMetadata({ images, ontology, hasReview = false }: View): AsyncGenerator<string> {
  const places = new Map(listClasses(ontology).map(({ name }, place) => [name, place]));
  for await (const { id, name, width, height, detections, isAccepted = false } of images) {
    const objects = {
      bbox: detections.map(({ box }) => bboxOf(box)),
      category: detections.map(({ classId }) => places.get(ontology.classes[classId]!.name)!),
      score: detections.map(({ score }) => score),
      prompt: detections.map((detection) => promptOf(detection, ontology) ?? null),
      ...(hasReview ? { source: detections.map(({ review }) => (review === undefined ? 'auto' : 'reviewed')) } : {}),
    };
    const reviewed = hasReview ? { reviewed: isAccepted } : {};
    yield `${JSON.stringify({ file_name: name, image_id: id, width, height, ...reviewed, objects })}\n`;
  }
}

/** In the order of their numbers. */
function listClasses({ classes }: Ontology) {
  return [...classes].sort((a, b) => a.id - b.id);
}
