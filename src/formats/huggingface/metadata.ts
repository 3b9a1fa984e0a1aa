import type { Xywh } from '../../core/box.js';
import { isXywh, numberOf, type Fields } from '../reading/fields.js';

/** A file with a line for each image beside it. */
export const METADATA = 'metadata.jsonl';

/** An object of an image, as a line states it. */
export interface MetadataObject {
  readonly category: number | string; // place in the list of classes, or a name
  readonly bbox: Xywh;
  readonly score: number | undefined;
  readonly prompt: string | undefined;
}

/** A line of metadata. */
export interface MetadataImage {
  readonly fileName: string;
  readonly id: number | undefined;
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly objects: readonly MetadataObject[];
}

const CATEGORY_KEYS = ['category', 'categories', 'category_id', 'label', 'labels', 'class'];
const ID_KEYS = ['image_id', 'id'];

/** @returns What is wrong with a line, as a text that follows its place. */
export function parseMetadata(line: string): MetadataImage | string {
  let fields: Fields;
  try {
    fields = JSON.parse(line.replace(/^\ufeff/, '')) as Fields;
  } catch {
    return 'it is not JSON';
  }
  const { file_name: fileName, width, height, objects } = fields;
  if (typeof fileName !== 'string' || fileName === '') return 'has no "file_name"';
  const parsed = parseObjects(objects ?? {});
  if (typeof parsed === 'string') return parsed;
  const id = ID_KEYS.map((key) => numberOf(fields[key])).find((value) => value !== undefined);
  return { fileName, id, width: numberOf(width), height: numberOf(height), objects: parsed };
}

/** Of lists with an item for each object, or of a list of objects. */
function parseObjects(objects: unknown): MetadataObject[] | string {
  if (typeof objects !== 'object' || objects === null) return '"objects" is no object and no list';
  const each = Array.isArray(objects) ? (objects as Fields[]) : toObjects(objects as Fields);
  if (typeof each === 'string') return each;
  const parsed: MetadataObject[] = [];
  for (const [index, object] of each.entries()) {
    const category = CATEGORY_KEYS.map((key) => object[key]).find((value) => value !== undefined);
    const { bbox, score, prompt } = object;
    if (!isXywh(bbox)) return `object ${index} has no "bbox" of four numbers`;
    if (typeof category !== 'string' && !Number.isSafeInteger(category)) return `object ${index} has no "category"`;
    parsed.push({
      category: category as string | number,
      bbox,
      score: numberOf(score),
      prompt: typeof prompt === 'string' ? prompt : undefined,
    });
  }
  return parsed;
}

/** Lists of one length, turned into objects. */
function toObjects(lists: Fields): Fields[] | string {
  const { bbox } = lists;
  if (bbox === undefined && Object.keys(lists).length === 0) return [];
  if (!Array.isArray(bbox)) return '"objects" has no list "bbox"';
  for (const [key, list] of Object.entries(lists))
    if (Array.isArray(list) && list.length !== bbox.length)
      return `"objects" has ${bbox.length} in "bbox" and ${list.length} in "${key}"`;
  const columns = Object.entries(lists).filter(([, list]) => Array.isArray(list)) as [string, unknown[]][];
  return bbox.map((_, index) => Object.fromEntries(columns.map(([key, list]) => [key, list[index]])));
}
