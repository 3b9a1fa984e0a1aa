import type { AnnotationFormat } from '../format.js';
import { readCvat, recogniseCvat } from './read.js';
import { ANNOTATIONS, writeCvat } from './write.js';

/**
 * CVAT for images 1.1: one XML file for all images, which are named by their paths and numbered as CVAT sorts them.
 * Coordinates keep two decimals. Scores and prompts are attributes of the labels, which CVAT drops where the labels of
 * a task do not declare them; `labels.json` does.
 *
 * @see https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/
 */
export const cvat: AnnotationFormat = {
  title: 'CVAT for images 1.1',
  form: 1,
  signature: ANNOTATIONS,
  opened: ANNOTATIONS,
  recognise: recogniseCvat,
  read: readCvat,
  write: writeCvat,
};
