import { basename, dirname, join } from 'node:path';
import { findCocoFile, isResults } from '../../formats/coco/read-coco.js';
import { isFields, numberOf, type Fields } from '../../formats/reading/fields.js';
import { readJsonItems, type JsonItem } from '../../formats/reading/json-items.js';
import type { DataSetProbe } from '../../formats/reading/probe.js';
import type { FormatCheck } from '../check.js';
import type { Report } from '../findings.js';
import type { RuleId } from '../rules/rules.js';
import { IdSet } from './id-set.js';
import { checkMark, findNotAscii, problemOfName } from './texts.js';

const LISTS = ['categories', 'images', 'annotations'];
const KEYS = ['info', 'licenses', ...LISTS];
const INSTANCES = 'instances.json';
const RESULTS = 'results.json'; // beside it

/** An object may be a little larger than the rounded box around it. */
const LARGER = 1.01;

/** COCO instances, and the results beside them. */
export function cocoCheck(): FormatCheck {
  return {
    files: async (probe, report) => {
      const file = await findCocoFile(probe);
      await checkMark(file, report);
      const line = await findNotAscii(file);
      if (line !== undefined) report({ rule: 'coco-not-ascii', file, line, problem: 'has characters beyond ASCII' });
      if (!(await isResults(probe, file))) await checkInstances(file, probe, report);
      else if ((await checkResults(file, undefined, report)) === 0)
        report({ rule: 'coco-results', file, problem: 'has no result' });
    },
  };
}

async function checkInstances(file: string, probe: DataSetProbe, report: Report): Promise<void> {
  const keys = new Set<string>();
  const items = new ItemChecks(file, report);
  for await (const some of readJsonItems(file, LISTS, (key) => keys.add(key))) some.forEach((item) => items.take(item));
  for (const key of KEYS)
    if (!keys.has(key)) report({ rule: 'coco-keys', file, problem: `has no "${key}" at the top` });
  if (keys.has('images') && items.imageCount === 0) report({ rule: 'images-none', file, problem: 'lists no image' });
  const results = join(dirname(file), RESULTS);
  if (basename(file) !== INSTANCES) return; // the results are those of all images
  if (!(await isResults(probe, results))) return;
  const count = await checkResults(results, items.images, report);
  if (count > 0) return;
  const rule = items.annotations > 0 ? 'coco-results' : 'coco-results-empty';
  report({ rule, file: results, problem: 'has no result' });
}

/**
 * @param images - Ids of the images that results may name; undefined where the reader compares them.
 * @returns How many results there are.
 */
async function checkResults(file: string, images: IdSet | undefined, report: Report): Promise<number> {
  let results = 0;
  for await (const items of readJsonItems(file, [''])) {
    for (const { value, index } of items) {
      results++;
      const id = isFields(value) ? value['image_id'] : undefined;
      if (images === undefined || (isWhole(id) && images.has(id))) continue;
      const problem = `names image ${String(id)}, which is not in the instances`;
      report({ rule: 'coco-results', file, entry: `result[${index}]`, problem });
    }
  }
  return results;
}

/** Checks what the reader makes up for, or does not look at. */
class ItemChecks {
  readonly images = new IdSet();
  imageCount = 0;
  annotations = 0;
  readonly #annotationIds = new IdSet();
  readonly #file: string;
  readonly #report: Report;

  constructor(file: string, report: Report) {
    this.#file = file;
    this.#report = report;
  }

  take({ list, index, value }: JsonItem): void {
    if (!isFields(value)) return;
    const { id } = value;
    const kind = list === 'images' ? 'image' : list === 'categories' ? 'categories' : 'annotation';
    const entry = isWhole(id) && kind !== 'categories' ? `${kind} ${id}` : `${list}[${index}]`;
    const report = (rule: RuleId, problem: string) => this.#report({ rule, file: this.#file, entry, problem });
    if (list !== 'annotations' && isWhole(id) && id < 1) report('coco-id-zero', `has the id ${id}`);
    if (list === 'images') this.imageCount++;
    if (list === 'images') this.#checkImage(value, report);
    else if (list === 'annotations') this.#checkAnnotation(value, report);
    else if (value['supercategory'] !== undefined && typeof value['supercategory'] !== 'string')
      report('coco-supercategory', 'has a "supercategory" that is not a string');
  }

  #checkImage({ id, file_name: name, width, height }: Fields, report: (rule: RuleId, problem: string) => void): void {
    if (isWhole(id)) this.images.add(id);
    if (!((numberOf(width) ?? 0) > 0 && (numberOf(height) ?? 0) > 0))
      report('image-size-missing', 'has no "width" and "height" in pixels');
    const problem = typeof name === 'string' ? problemOfName(name) : undefined;
    if (problem !== undefined) report('image-name', problem);
  }

  #checkAnnotation({ id, bbox, area, iscrowd }: Fields, report: (rule: RuleId, problem: string) => void): void {
    this.annotations++;
    if (!isWhole(id) || id < 1)
      report('coco-annotation-id', `has the id ${id === undefined ? '(none)' : JSON.stringify(id)}`);
    else if (!this.#annotationIds.add(id)) report('coco-annotation-id-duplicate', 'comes a second time');
    if (iscrowd !== 0 && iscrowd !== 1) report('coco-iscrowd', 'has no "iscrowd" of 0 or 1');
    const [, , width, height] = (Array.isArray(bbox) ? bbox : []) as unknown[];
    const box = (numberOf(width) ?? 0) * (numberOf(height) ?? 0);
    const stated = numberOf(area);
    if (stated === undefined) report('coco-area', 'has no "area"');
    else if (!(stated > 0) && box > 0) report('coco-area', `has the area ${stated}`);
    else if (box > 0 && stated > box * LARGER + 1)
      report('coco-area', `has the area ${stated}, and a box of ${Math.round(box)} square pixels`);
  }
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
