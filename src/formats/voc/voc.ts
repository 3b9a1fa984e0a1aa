import type { AnnotationFormat } from '../format.js';
import { writeView } from '../view-folder/write-view.js';
import { readVoc, recogniseVoc } from './read.js';
import { LABEL_MAP, USUAL_IMAGES, VocTree } from './write.js';

/**
 * Pascal VOC: an XML file for each image in `Annotations/`, the images in `JPEGImages/`, and lists of them in
 * `ImageSets/Main/`. Boxes are 1-based whole pixels, first and last included, so up to half a pixel is lost, and more
 * of a box that is thinner than a pixel. Scores and prompts are attributes as CVAT and Datumaro have them, which other
 * readers do not look at.
 *
 * @see http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
 */
export const voc: AnnotationFormat = {
  title: 'Pascal VOC XML',
  form: 1,
  signature: LABEL_MAP,
  opened: '',
  images: USUAL_IMAGES,
  recognise: recogniseVoc,
  read: readVoc,
  write: async (view) => {
    const tree = new VocTree(view);
    const trees = ['Annotations', 'ImageSets/Main', ...(tree.hasImages ? ['JPEGImages'] : [])];
    const content = { folders: trees, groups: tree.groups(), notes: () => tree.notes };
    return await writeView(view, LABEL_MAP, content);
  },
};
