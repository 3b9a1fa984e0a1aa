import type { AnnotationFormat } from '../format.js';
import { writeView } from '../view-folder/write-view.js';
import { readLabelme, recogniseLabelme } from './read.js';
import { README, LabelmeTree, USUAL_IMAGES } from './write.js';

/**
 * LabelMe and X-AnyLabeling: a JSON file for each image, beside it, in the folders of the images. Scores and prompts
 * are keys of a shape; X-AnyLabeling shows the score, LabelMe keeps both without showing them.
 *
 * @see https://github.com/wkentaro/labelme and https://github.com/CVHub520/X-AnyLabeling
 */
export const labelme: AnnotationFormat = {
  title: 'LabelMe and X-AnyLabeling JSON',
  form: 2,
  signature: README,
  opened: '',
  images: USUAL_IMAGES,
  recognise: recogniseLabelme,
  read: readLabelme,
  write: async (view) => {
    const tree = new LabelmeTree(view);
    return await writeView(view, README, { groups: tree.groups(), notes: () => tree.notes });
  },
};
