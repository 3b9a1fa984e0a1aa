import { posix } from 'node:path';
import type { Ontology } from '../../core/ontology.js';
import { bboxOf } from '../bbox.js';
import type { AnnotationFormat, View } from '../format.js';
import { streamedFile, textFile, type ViewFileGroup } from '../view-folder/view-file.js';
import { ViewImages } from '../view-images.js';
import { writeView } from '../view-folder/write-view.js';
import { METADATA } from './metadata.js';
import { readHuggingFace, recogniseHuggingFace } from './read-huggingface.js';
import { formatReadme, README } from './readme.js';

const IMAGES = 'copy';
const SPLIT = 'train'; // of all images: what `load_dataset` gives for images that are not divided

/**
 * An `imagefolder` of the Hugging Face `datasets` library: `train/metadata.jsonl` with a line for each image, the
 * images beside it, and the names of classes in the YAML of `README.md`. Boxes are `[x, y, width, height]`; `category`
 * is the place of the class in that list.
 *
 * @see https://huggingface.co/docs/datasets/image_dataset#object-detection
 */
export const huggingface: AnnotationFormat = {
  title: 'Hugging Face imagefolder',
  form: 1,
  signature: README,
  recognise: recogniseHuggingFace,
  read: readHuggingFace,
  images: IMAGES, // so that the folder can be uploaded as it is
  write: async (view) => {
    const images = new ViewImages(view, { name: 'huggingface', folder: `huggingface/${SPLIT}`, usual: IMAGES });
    const groups = listGroups(view, images);
    return await writeView(view, README, { folders: [SPLIT], groups, notes: () => images.notes });
  },
};

async function* listGroups(view: View, images: ViewImages): AsyncGenerator<ViewFileGroup> {
  for await (const image of view.images)
    yield { image: image.name, files: images.filesOf(image, posix.join(SPLIT, image.name)) };
  yield {
    files: [
      streamedFile(posix.join(SPLIT, METADATA), writeMetadata(view)),
      textFile(README, formatReadme(listClasses(view.ontology), view.provenance)),
    ],
  };
}

async function* writeMetadata({ images, ontology }: View): AsyncGenerator<string> {
  const places = new Map(listClasses(ontology).map(({ name }, place) => [name, place]));
  for await (const { id, name, width, height, detections } of images) {
    const objects = {
      bbox: detections.map(({ box }) => bboxOf(box)),
      category: detections.map(({ classId }) => places.get(ontology.classes[classId]!.name)!),
      score: detections.map(({ score }) => score),
      prompt: detections.map(({ queryId }) => ontology.queries[queryId]!.prompt),
    };
    yield `${JSON.stringify({ file_name: name, image_id: id, width, height, objects })}\n`;
  }
}

/** In the order of their numbers. */
function listClasses({ classes }: Ontology) {
  return [...classes].sort((a, b) => a.id - b.id);
}
