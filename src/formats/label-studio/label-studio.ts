import type { AnnotationFormat } from '../format.js';
import { readLabelStudio, recogniseLabelStudio } from './read.js';
import { LABEL_CONFIG, writeTasks } from './write.js';

/**
 * Label Studio: tasks with a prediction each, or with an annotation where a person has accepted the image, and
 * `label_config.xml`, the labelling interface that they fit. Boxes are in percent with five decimals. The prompt is a
 * note of its region. An image without boxes has a prediction, or an annotation, without regions.
 *
 * @see https://labelstud.io/guide/tasks and https://labelstud.io/guide/predictions
 */
export const labelStudio: AnnotationFormat = {
  title: 'Label Studio tasks',
  form: 2,
  signature: LABEL_CONFIG,
  opened: '',
  recognise: recogniseLabelStudio,
  read: readLabelStudio,
  write: writeTasks,
};
