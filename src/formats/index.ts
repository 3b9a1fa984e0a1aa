import { coco } from './coco/coco.js';
import { csv } from './csv/csv.js';
import type { AnnotationFormat } from './format.js';
import { huggingface } from './huggingface/huggingface.js';
import { yolo } from './yolo/yolo.js';

export const formats = { coco, yolo, csv, huggingface } satisfies Record<string, AnnotationFormat>;
export type FormatName = keyof typeof formats;
export const formatNames = Object.keys(formats) as [FormatName, ...FormatName[]];
