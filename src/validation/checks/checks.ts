import type { FormatName } from '../../formats/index.js';
import type { FormatCheck } from '../check.js';
import { cocoCheck } from './coco-check.js';
import { csvCheck } from './csv-check.js';
import { cvatCheck } from './cvat-check.js';
import { huggingfaceCheck } from './huggingface-check.js';
import { labelStudioCheck } from './label-studio-check.js';
import { labelmeCheck } from './labelme-check.js';
import { vocCheck } from './voc-check.js';
import { yoloCheck } from './yolo-check.js';

/** What is checked of each format beyond what holds for all. Made for one data set. */
export const FORMAT_CHECKS: Readonly<Record<FormatName, () => FormatCheck>> = {
  coco: cocoCheck,
  yolo: yoloCheck,
  voc: vocCheck,
  'label-studio': labelStudioCheck,
  cvat: cvatCheck,
  labelme: labelmeCheck,
  csv: csvCheck,
  huggingface: huggingfaceCheck,
};
