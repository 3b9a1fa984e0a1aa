import { coco } from './coco/coco.js';
import { csv } from './csv/csv.js';
import { cvat } from './cvat/cvat.js';
import type { AnnotationFormat } from './format.js';
import { huggingface } from './huggingface/huggingface.js';
import { labelStudio } from './label-studio/label-studio.js';
import { labelme } from './labelme/labelme.js';
import { voc } from './voc/voc.js';
import { yolo } from './yolo/yolo.js';

export const formats = {
  coco,
  yolo,
  voc,
  'label-studio': labelStudio,
  cvat,
  labelme,
  csv,
  huggingface,
} satisfies Record<string, AnnotationFormat>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];
